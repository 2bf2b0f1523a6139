/* The fused shape's own small parts. */
#pragma once
#include "kern/core/util.h"

/* Faults of the application are reported as such from here on. */
void libos_fault_init(void);

/* Threads of the program that have not ended, the first one included; atomic. */
extern uint32_t libos_threads;

/* How far down the stack below `stack_hi` may grow: the lowest address of the memory that the program
 * mapped for it, where its guard page ends. */
uintptr_t libos_stack_bottom(uintptr_t stack_hi);

/* What a system call that this image does not have calls: says so, and is -ENOSYS. */
long enosys_report(const char *name, uintptr_t caller);

/* Bytes above the stack pointer of sys_clone's caller that the new thread needs a copy of: the trap
 * shim's frame, else nothing. */
extern const unsigned long clone_frame_size;
