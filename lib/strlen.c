/*
 * strlen.c - the length of a string, eight bytes a step.
 *
 * A word w has a zero byte exactly when (w - 0x01..01) & ~w & 0x80..80 is not zero. Reading a whole
 * aligned word never crosses a page, so bytes after the end are harmless to look at.
 */
#include <stdint.h>
#include <string.h>

#pragma GCC optimize("no-tree-loop-distribute-patterns")

typedef uint64_t __attribute__((may_alias)) word;

size_t strlen(const char *s)
{
    const char *p = s;
    for (; (uintptr_t)p % sizeof(word) != 0; p++)
        if (*p == '\0')
            return p - s;
    const uint64_t ones = 0x0101010101010101UL, highs = ones << 7;
    const word *w = (const word *)p;
    while (((*w - ones) & ~*w & highs) == 0)
        w++;
    for (p = (const char *)w; *p != '\0';)
        p++;
    return p - s;
}

size_t strnlen(const char *s, size_t max)
{
    const char *end = memchr(s, '\0', max);
    return end != NULL ? (size_t)(end - s) : max;
}
