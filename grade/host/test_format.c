/* Unit test of the kernel's formatter against the C library's. */
#include "kern/core/printk.h"
#include "unit.h"
#include <stdio.h>
#include <string.h>

static const uint64_t numbers[] = {
    0,         1,         9, 10, 42, 255, 0x7fffffff, 0x80000000, 0xffffffff, 0x7fffffffffffffff,
    1UL << 63, UINT64_MAX};

static uint64_t random_number(void)
{
    uint64_t n = numbers[random_below(sizeof(numbers) / sizeof(numbers[0]))];
    return random_below(2) ? n : random_u64() >> random_below(64);
}

/* %[-0#][width][l|z]kind, with only those flags that mean something for the kind. */
static void random_directive(char *dst, char kind, const char *length)
{
    bool number = strchr("diux", kind);
    *dst++ = '%';
    if (random_below(3) == 0)
        *dst++ = '-';
    else if (number && random_below(2))
        *dst++ = '0';
    if (kind == 'x' && random_below(4) == 0)
        *dst++ = '#';
    if (random_below(2))
        dst += sprintf(dst, "%d", (int)(1 + random_below(24)));
    sprintf(dst, "%s%c", length, kind);
}

/* The arguments are evaluated twice. */
#define SAME(...)                                                                                  \
    do {                                                                                           \
        char ours[128], theirs[128];                                                               \
        size_t size = random_below(3) ? sizeof(ours) : random_below(20);                           \
        memset(ours, '?', sizeof(ours));                                                           \
        memset(theirs, '?', sizeof(theirs));                                                       \
        int theirs_length = snprintf(theirs, size, __VA_ARGS__);                                   \
        CHECK(format_string(ours, size, __VA_ARGS__) == theirs_length);                            \
        CHECK(memcmp(ours, theirs, sizeof(ours)) == 0);                                            \
    } while (0)

#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wformat-truncation"

static void test_random_directives(void)
{
    char format[32];
    for (int i = 0; i < 200000; i++) {
        char kind = "diuxsc"[random_below(6)];
        uint64_t n = random_number();
        if (kind == 's') {
            random_directive(format, kind, "");
            const char *text = "some text" + random_below(10);
            SAME(format, text);
        } else if (kind == 'c') {
            random_directive(format, kind, "");
            int c = (int)(1 + random_below(127));
            SAME(format, c);
        } else if (random_below(2)) {
            random_directive(format, kind, random_below(2) ? "l" : "z");
            if (n == 0 && strchr(format, '#')) /* C prints 0 without the prefix, we with */
                continue;
            SAME(format, n);
        } else {
            random_directive(format, kind, "");
            if ((unsigned)n == 0 && strchr(format, '#'))
                continue;
            SAME(format, (unsigned)n);
        }
    }
}

static void test_whole_lines(void)
{
    SAME("nothing to fill in");
    SAME("%s", "");
    SAME("100 %% of %s, %d of %u\n", "it", -1, 1U);
    SAME("%*d|%-*d|", 5, 42, 5, 42);
    SAME("%p", (void *)0x80200000);
    SAME("hart %u: %016lx %#lx", 3U, 0x1234UL, 0xabcdefUL);
    char text[40];
    const char *volatile nothing = NULL;
    CHECK(format_string(text, sizeof(text), "%s %p", nothing, nothing) == 10);
    CHECK(strcmp(text, "(null) 0x0") == 0);
    CHECK(format_string(NULL, 0, "%d", 12345) == 5);
}

int main(int argc, char **argv)
{
    unit_start(argc, argv);
    test_random_directives();
    test_whole_lines();
    puts("ok");
}
