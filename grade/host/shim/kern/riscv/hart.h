/* On the host one thread runs everything. */
#pragma once
#include <stdint.h>

#define HARTS 1

struct hart {
    uint32_t index;
};

static inline struct hart *this_hart(void)
{
    static struct hart hart;
    return &hart;
}
