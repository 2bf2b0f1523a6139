/* The kernel's string functions.
 *
 * memcpy and memset work on 8-byte words as soon as the destination is aligned, 64 bytes a turn:
 * loads first, then stores, so that one block costs 16 memory instructions and little else. When
 * source and destination are aligned differently, words are put together from two loads:
 *
 *      source words     |.....abc|defgh...|
 *      destination      |abcdefgh|              = first >> 40 | second << 24   (little endian)
 *
 * This reads no word that holds no byte of the source, so it never touches a foreign page.
 */
#include "kern/core/string.h"
#include "kern/core/util.h"

typedef uint64_t __attribute__((may_alias)) word_t;

#define WORD        sizeof(word_t)
#define BLOCK_WORDS 8
#define SHORT       (2 * WORD) /* below this, aligning costs more than it gains */

static size_t misalignment(const void *address)
{
    return (uintptr_t)address % WORD;
}

static inline void copy_block(word_t *dst, const word_t *src)
{
    word_t w0 = src[0], w1 = src[1], w2 = src[2], w3 = src[3];
    word_t w4 = src[4], w5 = src[5], w6 = src[6], w7 = src[7];
    dst[0] = w0, dst[1] = w1, dst[2] = w2, dst[3] = w3;
    dst[4] = w4, dst[5] = w5, dst[6] = w6, dst[7] = w7;
}

/* Both aligned. */
static inline void copy_words(word_t *dst, const word_t *src, size_t nwords)
{
    for (; nwords >= BLOCK_WORDS; nwords -= BLOCK_WORDS) {
        copy_block(dst, src);
        dst += BLOCK_WORDS;
        src += BLOCK_WORDS;
    }
    while (nwords-- > 0)
        *dst++ = *src++;
}

/* dst is aligned, src is not; nwords > 0. */
static inline void merge_words(word_t *dst, const unsigned char *src, size_t nwords)
{
    unsigned shift = 8 * misalignment(src);
    const word_t *from = (const word_t *)(src - misalignment(src));
    word_t low = *from++;
    while (nwords-- > 0) {
        word_t high = *from++;
        *dst++ = low >> shift | high << (64 - shift);
        low = high;
    }
}

static void copy_down(unsigned char *dst, const unsigned char *src, size_t n)
{
    while (n-- > 0)
        dst[n] = src[n];
}

void *memmove(void *dst, const void *src, size_t n)
{
    unsigned char *to = dst;
    const unsigned char *from = src;
    if (unlikely((uintptr_t)to - (uintptr_t)from < n)) { /* dst begins inside of src */
        copy_down(to, from, n);
        return dst;
    }
    if (n >= SHORT) {
        for (; misalignment(to); n--)
            *to++ = *from++;
        size_t nwords = n / WORD;
        if (misalignment(from))
            merge_words((word_t *)to, from, nwords);
        else
            copy_words((word_t *)to, (const word_t *)from, nwords);
        to += nwords * WORD;
        from += nwords * WORD;
        n %= WORD;
    }
    while (n-- > 0)
        *to++ = *from++;
    return dst;
}

/* To be safe for any two ranges costs two instructions. */
void *memcpy(void *restrict dst, const void *restrict src, size_t n)
    __attribute__((alias("memmove")));

void *memset(void *dst, int byte, size_t n)
{
    unsigned char *p = dst;
    if (n >= SHORT) {
        for (; misalignment(p); n--)
            *p++ = (unsigned char)byte;
        word_t pattern = (unsigned char)byte * 0x0101010101010101UL;
        word_t *w = (word_t *)p;
        for (; n >= BLOCK_WORDS * WORD; n -= BLOCK_WORDS * WORD, w += BLOCK_WORDS) {
            w[0] = w[1] = w[2] = w[3] = pattern;
            w[4] = w[5] = w[6] = w[7] = pattern;
        }
        for (; n >= WORD; n -= WORD)
            *w++ = pattern;
        p = (unsigned char *)w;
    }
    while (n-- > 0)
        *p++ = (unsigned char)byte;
    return dst;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *p = a, *q = b;
    for (; n > 0; n--, p++, q++)
        if (*p != *q)
            return *p - *q;
    return 0;
}

size_t strlen(const char *s)
{
    const char *end = s;
    while (*end)
        end++;
    return (size_t)(end - s);
}

size_t strnlen(const char *s, size_t max)
{
    size_t length = 0;
    while (length < max && s[length])
        length++;
    return length;
}

int strcmp(const char *a, const char *b)
{
    for (; *a && *a == *b; a++, b++)
        ;
    return (unsigned char)*a - (unsigned char)*b;
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n > 0 && *a && *a == *b; n--, a++, b++)
        ;
    return n == 0 ? 0 : (unsigned char)*a - (unsigned char)*b;
}

void strlcpy(char *dst, const char *src, size_t size)
{
    if (size == 0)
        return;
    size_t length = strnlen(src, size - 1);
    memcpy(dst, src, length);
    dst[length] = '\0';
}
