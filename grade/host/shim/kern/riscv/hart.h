/* On the host one thread runs everything. */
#pragma once
#include <stddef.h>
#include <stdint.h>

#define HARTS 1

struct hart {
    uint32_t index;
    unsigned long kstack_generation;
};

static inline struct hart *this_hart(void)
{
    static struct hart hart;
    return &hart;
}

void harts_sfence(uint64_t mask, uintptr_t va, size_t len); /* the test's */
