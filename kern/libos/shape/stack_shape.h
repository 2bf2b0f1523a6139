/* Stacks in the fused shape: the program may switch to one of its own. */
#pragma once

/* Asked when a trap finds sp outside the running thread's stack: is [lo, lo + size) memory of another
 * one? If not, it is a stack overflow. fault.c says how it knows. */
bool is_other_stack(uintptr_t lo, size_t size);
