/* The report of a page fault that nobody handles: which access, which address, and what of the page
 * table was in the way. */
#pragma once
#include "kern/core/util.h"

struct trapframe;
struct sv39_fault;

/* A sentence for people about a page fault `cause` at va. */
void fault_sentence(char *text, size_t size, unsigned long cause, uintptr_t va,
                    const struct sv39_fault *fault);

/* For trap_on_exception: panics with that sentence if the trap is a page fault in the kernel; false: it
 * is something else. An image with address spaces does this by itself (kmap_share). */
bool fault_report(struct trapframe *tf);
