/* A hart (RISC-V's word for a hardware thread, a "CPU") and what the kernel knows of each.
 *
 * `sscratch` of every hart points at its struct hart. `tp` is not used for this: it belongs to the
 * application's thread-local storage.
 */
#pragma once
#include "kern/core/util.h"
#include "kern/riscv/csr.h"
#include "kern/riscv/offsets.h"

#ifndef HARTS
#error "HARTS, the number of harts this image is built for, comes from the Makefile"
#endif

struct thread;

struct hart {
    /* Used by vector.S; it knows these offsets (see the assertions in hart.c). */
    unsigned long trap_sp;      /* 0: sp and t0 of the trap being entered */
    unsigned long trap_t0;      /* 8 */
    struct thread *current;     /* 16: the thread this hart runs; written by the scheduler only */
    unsigned long emergency_sp; /* 24: top of the stack for reporting that the stack is bad */
    unsigned long gp;           /* 32: the kernel's */

    uint32_t index;      /* 0 .. harts_online - 1, in the order in which harts came up */
    uint32_t hartid;     /* the machine's name for it */
    bool attention;      /* the running thread should give way at the next chance, or a signal waits
                            for it: looked at before going back to user mode */
    struct thread *idle; /* runs when nothing else can */
    void *sched;         /* the scheduler back end's per-hart state */
    unsigned long kstack_generation; /* newest kernel stack mapping this hart surely sees */
    struct vmspace *vmspace;         /* address space in satp; NULL: the kernel's own */
} __attribute__((aligned(64)));

extern struct hart harts[HARTS];
extern uint32_t harts_online; /* grows while harts come up, then stays */

extern unsigned long
    kernel_satp; /* what harts_start puts into satp of a new hart; 0: translation off */

void hart_init(struct hart *hart, uint32_t index, uint32_t hartid);

/* The hart that runs this code. Legal only with interrupts off: with them on, the answer may be
 * stale by the time it is used. */
static inline struct hart *this_hart(void)
{
    return (struct hart *)csr_read(sscratch);
}

/* Brings up the other harts, HARTS in all at most, and waits until they run. Each comes up with traps
 * set up and interrupts off, as the thread `first_thread` makes for it: NULL leaves it parked, as are
 * harts beyond HARTS. */
void harts_start(struct thread *(*first_thread)(struct hart *hart));

/* Interrupts the harts whose index is set in `mask` (IRQ_SOFTWARE). */
void harts_interrupt(uint64_t mask);

/* Stops all other harts for good; for panics. */
void harts_stop(void);

/* Makes the harts in `mask`, other than this one, forget translations of [va, va + len). */
void harts_sfence(uint64_t mask, uintptr_t va, size_t len);
