/* Numbers of bits. (The base instruction set has no instruction for them.) */
#pragma once
#include <stdint.h>

/* Of the highest bit set in `x`, which is not 0 and below 2^32. */
static inline unsigned highest_bit(uint64_t x)
{
    unsigned number = 0;
    if (x >> 16)
        x >>= 16, number = 16;
    if (x >> 8)
        x >>= 8, number += 8;
    if (x >> 4)
        x >>= 4, number += 4;
    if (x >> 2)
        x >>= 2, number += 2;
    return number + (unsigned)(x >> 1);
}

/* Of the lowest bit set in `x`, which is not 0. A product with a power of two is a shift; of this
 * constant, each shift has other bits on top (a de Bruijn sequence). */
static inline unsigned lowest_bit(uint32_t x)
{
    static const uint8_t number[32] = {0,  1,  28, 2,  29, 14, 24, 3,  30, 22, 20,
                                       15, 25, 17, 4,  8,  31, 27, 13, 23, 21, 19,
                                       16, 7,  26, 12, 18, 6,  11, 5,  10, 9};
    return number[(uint32_t)((x & -x) * 0x077cb531u) >> 27];
}
