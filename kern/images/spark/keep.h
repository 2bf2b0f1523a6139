/* keep.h - callers of the firmware that rely on what the compiler was told of the call (keep.c). */
#pragma once
#include "kern/core/util.h"

/* Calls the firmware with these two. Returns the second, or what went wrong. */
long keep_argument(long zero, long number);

/* Asks the firmware to interrupt these harts, bit 0 for hart 0. Has it interrupted this one? */
bool keep_memory(unsigned long harts);
