/* Support for the host's unit tests. */
#include "unit.h"
#include "kern/core/panic.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

bool unit_panic_expected;
jmp_buf unit_panic_jump;
char unit_last_panic[256];

static uint64_t seed, state;

void unit_start(int argc, char **argv)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    seed =
        argc > 1 ? strtoull(argv[1], NULL, 0) : (uint64_t)now.tv_nsec ^ (uint64_t)now.tv_sec << 30;
    state = seed;
    printf("seed %llu\n", (unsigned long long)seed);
    fflush(stdout);
}

/* splitmix64 */
uint64_t random_u64(void)
{
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

uint64_t random_below(uint64_t n)
{
    return random_u64() % n;
}

void unit_fail(const char *file, int line, const char *what)
{
    printf("%s:%d: failed with seed %llu: %s\n", file, line, (unsigned long long)seed, what);
    if (unit_last_panic[0])
        printf("last panic: %s\n", unit_last_panic);
    exit(1);
}

bool unit_panic_says(const char *text)
{
    return strstr(unit_last_panic, text);
}

void panic(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(unit_last_panic, sizeof(unit_last_panic), format, args);
    va_end(args);
    if (!unit_panic_expected)
        unit_fail("panic", 0, "nobody expected it");
    longjmp(unit_panic_jump, 1);
}
