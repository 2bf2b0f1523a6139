/* The kernel's own part of every address space.
 *
 *     0x00_0000_0000 .. 0x00_7fff_ffff   the process (kernel shape)
 *     0x00_8000_0000 .. 0x01_7fff_ffff   RAM, where it is physically (up to 4 GiB)
 *     0xff_8000_0000 .. 0xff_bfff_ffff   kernel stacks, each above an unmapped guard page
 *     0xff_c000_0000 .. 0xff_ffff_ffff   device registers (mmio_map)
 *
 * Kernel text is read-execute, rodata read-only, everything else read-write, never executable.
 * The top-level entries of these ranges are made once and shared by all page tables.
 */
#pragma once
#include "kern/core/util.h"
#include "kern/riscv/hart.h"

#define RAM_BASE    0x80000000UL
#define RAM_LIMIT   (RAM_BASE + 4 * GiB) /* RAM from here on is not used */
#define KSTACK_BASE 0xffffffff80000000UL
#define MMIO_BASE   0xffffffffc0000000UL
#define KSTACK_SIZE (12 * KiB)

extern uint64_t *kmap_root; /* the kernel's own page table; NULL while translation is off */

/* Makes kmap_root. At start-up, by itself, in an image that has address spaces (kmap_share). */
void kmap_make(void);

/* Copies the shared top-level entries into a new root table. */
void kmap_share(uint64_t *root);

/* Registers of a device, mapped; the identity when translation is off. Never unmapped. NULL: out of
 * memory. */
volatile void *mmio_map(uintptr_t pa, size_t len);

/* kstack.c */
/* A kernel stack with a guard page below; its lowest usable address, or 0: out of memory. */
uintptr_t kstack_alloc(void);
void kstack_free(uintptr_t stack_lo);

extern unsigned long kstack_generation; /* grows with each stack; for kstack_sync */
void kstack_catch_up(unsigned long generation);

/* Called on a hart that is about to switch to another stack, interrupts off: drops translations of
 * stacks that are not there any more. */
static inline void kstack_sync(struct hart *hart)
{
    unsigned long newest = __atomic_load_n(&kstack_generation, __ATOMIC_ACQUIRE);
    if (unlikely(hart->kstack_generation != newest))
        kstack_catch_up(newest);
}
