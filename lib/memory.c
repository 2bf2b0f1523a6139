/*
 * memory.c - moving and filling memory, a word at a time where the addresses allow.
 *
 * Each function does three parts: bytes until the destination is aligned, then blocks of eight
 * words (loads first, so that they overlap), then words and bytes. When source and destination
 * are aligned differently, the copy is by bytes: unaligned loads are emulated on some machines.
 */
#include <stdint.h>
#include <string.h>

/* Or the compiler would recognise the loops below and replace each by a call of itself. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")

typedef uint64_t __attribute__((may_alias)) word;

enum { WORD = sizeof(word), BLOCK = 8 * WORD };

static inline int same_alignment(const void *a, const void *b)
{
    return (((uintptr_t)a ^ (uintptr_t)b) % WORD) == 0;
}

static inline int aligned(const void *p)
{
    return (uintptr_t)p % WORD == 0;
}

static inline void copy_block(word *d, const word *s)
{
    word w0 = s[0], w1 = s[1], w2 = s[2], w3 = s[3];
    word w4 = s[4], w5 = s[5], w6 = s[6], w7 = s[7];
    d[0] = w0, d[1] = w1, d[2] = w2, d[3] = w3;
    d[4] = w4, d[5] = w5, d[6] = w6, d[7] = w7;
}

/* Ascending. Also right for overlapping areas when dst is below src: a block is read whole
 * before it is written, and never written above what was read. */
static inline void *copy_up(void *dst, const void *src, size_t n)
{
    unsigned char *d = dst;
    const unsigned char *s = src;
    if (n >= WORD && same_alignment(d, s)) {
        for (; !aligned(d); n--)
            *d++ = *s++;
        for (; n >= BLOCK; n -= BLOCK, d += BLOCK, s += BLOCK)
            copy_block((word *)d, (const word *)s);
        for (; n >= WORD; n -= WORD, d += WORD, s += WORD)
            *(word *)d = *(const word *)s;
    }
    while (n-- > 0)
        *d++ = *s++;
    return dst;
}

static inline void *copy_down(void *dst, const void *src, size_t n)
{
    unsigned char *d = (unsigned char *)dst + n;
    const unsigned char *s = (const unsigned char *)src + n;
    if (n >= WORD && same_alignment(d, s)) {
        for (; !aligned(d); n--)
            *--d = *--s;
        for (; n >= BLOCK; n -= BLOCK)
            d -= BLOCK, s -= BLOCK, copy_block((word *)d, (const word *)s);
        for (; n >= WORD; n -= WORD)
            d -= WORD, s -= WORD, *(word *)d = *(const word *)s;
    }
    while (n-- > 0)
        *--d = *--s;
    return dst;
}

void *memcpy(void *restrict dst, const void *restrict src, size_t n)
{
    return copy_up(dst, src, n);
}

void *memmove(void *dst, const void *src, size_t n)
{
    if ((uintptr_t)dst - (uintptr_t)src >= n) /* dst below src, or beyond its end */
        return copy_up(dst, src, n);
    return copy_down(dst, src, n);
}

void *memset(void *dst, int c, size_t n)
{
    unsigned char *d = dst;
    if (n >= WORD) {
        word w = (unsigned char)c * 0x0101010101010101UL;
        for (; !aligned(d); n--)
            *d++ = (unsigned char)c;
        for (; n >= BLOCK; n -= BLOCK, d += BLOCK) {
            word *p = (word *)d;
            p[0] = w, p[1] = w, p[2] = w, p[3] = w;
            p[4] = w, p[5] = w, p[6] = w, p[7] = w;
        }
        for (; n >= WORD; n -= WORD, d += WORD)
            *(word *)d = w;
    }
    while (n-- > 0)
        *d++ = (unsigned char)c;
    return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *p = a, *q = b;
    if (same_alignment(p, q)) {
        for (; n > 0 && !aligned(p) && *p == *q; n--)
            p++, q++;
        if (aligned(p))
            for (; n >= WORD && *(const word *)p == *(const word *)q; n -= WORD)
                p += WORD, q += WORD;
    }
    for (; n > 0; n--, p++, q++)
        if (*p != *q)
            return *p - *q;
    return 0;
}

void *memchr(const void *s, int c, size_t n)
{
    for (const unsigned char *p = s; n > 0; n--, p++)
        if (*p == (unsigned char)c)
            return (void *)p;
    return NULL;
}
