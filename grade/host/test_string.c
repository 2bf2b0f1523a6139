/* Unit test of the kernel's string functions against the C library's, at every alignment, on memory
 * that ends at a page without access: they must not read or write one byte too many.
 *
 * The functions under test come from an object whose symbols were given the prefix kern_. Their
 * word-wise copies may read beyond the source, within its last word, which the sanitizers would not
 * accept; the guard page judges instead. */
#include "unit.h"
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

void *kern_memcpy(void *dst, const void *src, size_t n);
void *kern_memmove(void *dst, const void *src, size_t n);
void *kern_memset(void *dst, int byte, size_t n);
int kern_memcmp(const void *a, const void *b, size_t n);
size_t kern_strlen(const char *s);
size_t kern_strnlen(const char *s, size_t max);
int kern_strcmp(const char *a, const char *b);
int kern_strncmp(const char *a, const char *b, size_t n);
void kern_strlcpy(char *dst, const char *src, size_t size);

#define PAGE 4096UL

/* Two pages; the one behind them traps. */
static unsigned char *guarded(void)
{
    unsigned char *memory =
        mmap(NULL, 3 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(memory != MAP_FAILED && mprotect(memory + 2 * PAGE, PAGE, PROT_NONE) == 0);
    return memory;
}

static unsigned char *a, *b, *expected;

static void fill(unsigned char *memory)
{
    for (size_t i = 0; i < 2 * PAGE; i++)
        memory[i] = (unsigned char)random_u64();
}

/* A length, short ones often, and an offset such that it fits; often it ends at the guard page. */
static size_t random_length(void)
{
    return random_below(4) ? random_below(200) : random_below(PAGE);
}

static size_t random_offset(size_t n)
{
    return random_below(2) ? 2 * PAGE - n - random_below(2) * random_below(9) * (n < PAGE)
                           : random_below(PAGE);
}

static void test_copies(void)
{
    for (int i = 0; i < 20000; i++) {
        size_t n = random_length(), from = random_offset(n), to = random_offset(n);
        if (i % 64 == 0)
            fill(a), fill(b);
        memcpy(expected, b, 2 * PAGE);
        memcpy(expected + to, a + from, n);
        CHECK(kern_memcpy(b + to, a + from, n) == b + to);
        CHECK(memcmp(expected, b, 2 * PAGE) == 0);
    }
}

static void test_overlapping_moves(void)
{
    for (int i = 0; i < 20000; i++) {
        size_t n = random_length();
        size_t from = random_offset(n), to = from + random_below(64) - 32;
        if (to > 2 * PAGE - n)
            to = random_offset(n);
        if (i % 64 == 0)
            fill(b);
        memcpy(expected, b, 2 * PAGE);
        memmove(expected + to, expected + from, n);
        CHECK(kern_memmove(b + to, b + from, n) == b + to);
        CHECK(memcmp(expected, b, 2 * PAGE) == 0);
    }
}

static void test_fills(void)
{
    for (int i = 0; i < 20000; i++) {
        size_t n = random_length(), to = random_offset(n);
        int byte = (int)random_u64();
        memcpy(expected, b, 2 * PAGE);
        memset(expected + to, byte, n);
        CHECK(kern_memset(b + to, byte, n) == b + to);
        CHECK(memcmp(expected, b, 2 * PAGE) == 0);
    }
}

static int sign(int x)
{
    return (x > 0) - (x < 0);
}

static void test_comparisons(void)
{
    for (int i = 0; i < 20000; i++) {
        size_t n = random_below(40);
        char *s = (char *)a + 2 * PAGE - n - 1, *t = (char *)b + 2 * PAGE - n - 1;
        for (size_t at = 0; at < n; at++)
            s[at] = t[at] = (char)(1 + random_below(255));
        s[n] = t[n] = '\0';
        if (n > 0 && random_below(2))
            t[random_below(n)] = (char)random_u64(); /* perhaps a NUL */
        size_t most = random_below(n + 2);
        CHECK(kern_strlen(t) == strlen(t));
        CHECK(kern_strnlen(t, most) == strnlen(t, most));
        CHECK(sign(kern_strcmp(s, t)) == sign(strcmp(s, t)));
        CHECK(sign(kern_strncmp(s, t, most)) == sign(strncmp(s, t, most)));
        CHECK(sign(kern_memcmp(s, t, n)) == sign(memcmp(s, t, n)));
    }
}

static void test_bounded_copy(void)
{
    for (size_t size = 1; size < 12; size++) {
        char dst[12] = "xxxxxxxxxxx";
        kern_strlcpy(dst, "seven77", size);
        CHECK(strlen(dst) == (size <= 7 ? size - 1 : 7));
        CHECK(strncmp(dst, "seven77", strlen(dst)) == 0);
        CHECK(size > 10 || dst[size] == 'x');
    }
    char untouched = 'x';
    kern_strlcpy(&untouched, "y", 0);
    CHECK(untouched == 'x');
}

int main(int argc, char **argv)
{
    unit_start(argc, argv);
    a = guarded(), b = guarded(), expected = guarded();
    test_copies();
    test_overlapping_moves();
    test_fills();
    test_comparisons();
    test_bounded_copy();
    puts("ok");
}
