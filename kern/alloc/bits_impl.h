/* Numbers of bits. The base instruction set has no instruction for them (Zbb has: ctz and clz).
 *
 * lowest_bit: x & -x leaves one bit, bit n. To multiply by it is to shift left by n. In the constant,
 * a de Bruijn sequence, each group of 6 neighbouring bits occurs once. So the 6 bits that are on top
 * after the shift say how far it went: they are looked up. Nine instructions, no branch.
 *
 * highest_bit: two comparisons find the byte, a table of 256 the bit in it.
 */
#pragma once
#include <stddef.h>
#include <stdint.h>

/* Of the lowest bit set in `x`, which is not 0. */
static inline size_t lowest_bit(uint64_t x)
{
    static const struct {
        uint64_t sequence;
        uint8_t number[64]; /* of the bit, by the 6 bits on top */
    } bits = {
        0x03f79d71b4cb0a89,
        {0,  1,  48, 2,  57, 49, 28, 3,  61, 58, 50, 42, 38, 29, 17, 4,  62, 55, 59, 36, 53, 51,
         43, 22, 45, 39, 33, 30, 24, 18, 12, 5,  63, 47, 56, 27, 60, 41, 37, 16, 54, 35, 52, 21,
         44, 32, 23, 11, 46, 26, 40, 15, 34, 20, 31, 10, 25, 14, 19, 9,  13, 8,  7,  6},
    };
    return bits.number[(x & -x) * bits.sequence >> 58];
}

/* Of the highest bit set in `x`, which is not 0 and below 2^32. */
static inline size_t highest_bit(uint64_t x)
{
    static const uint8_t number[256] = {
        [2 ... 3] = 1,   [4 ... 7] = 2,    [8 ... 15] = 3,    [16 ... 31] = 4,
        [32 ... 63] = 5, [64 ... 127] = 6, [128 ... 255] = 7,
    };
    size_t below = x >> 16 ? (x >> 24 ? 24 : 16) : (x >> 8 ? 8 : 0); /* the byte that it is in */
    return below + number[x >> below];
}
