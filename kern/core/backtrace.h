/* How a point of execution was reached. Each shape has its way of finding out: kern/core/backtrace.c
 * follows frame pointers, kern/libos/backtrace.c does without. */
#pragma once
#include "kern/core/util.h"

#define BACKTRACE_MAX 24

/* Where to begin. */
struct backtrace_start {
    uintptr_t pc, ra, sp, fp; /* ra: 0 if it is known not to be a return address any more */
};

/* The addresses of the way, innermost first, pc included; returns how many. */
size_t backtrace_collect(const struct backtrace_start *start, uintptr_t trace[BACKTRACE_MAX]);

/* Whether there is an instruction of the image at `address`. */
static inline bool is_code(uintptr_t address)
{
    extern char text_start[], text_end[];
    return address >= (uintptr_t)text_start && address < (uintptr_t)text_end;
}
