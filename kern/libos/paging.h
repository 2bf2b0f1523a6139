/* Protection of memory in the fused image: PAGING=static (paging_static.c) or none (paging_bare.c). */
#pragma once
#include "kern/core/util.h"

/* Allows on [start, end), whole pages of RAM, what `prot` (PROT_*) says, on all harts. False: there is no
 * memory for a page table, and how much of the range was changed is unknown. Giving back PROT_READ |
 * PROT_WRITE, which all free memory has, never fails. May be called from any context. */
bool paging_protect(uintptr_t start, uintptr_t end, int prot);

/* Whether a store to `va` would not fault. Any context. */
bool paging_is_writable(uintptr_t va);
