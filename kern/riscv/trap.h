/* Traps: what the entry code saves, and who is called.
 *
 * Traps from user mode come in by kern/proc/user_vector.S, those of the kernel and, in the fused shape,
 * of the application by vector.S. Components register the handlers they bring; a trap without a
 * handler is a panic.
 */
#pragma once
#include "kern/core/util.h"
#include "kern/riscv/csr.h"

enum reg {
    REG_RA = 1,
    REG_SP = 2,
    REG_GP = 3,
    REG_TP = 4,
    REG_S0 = 8,
    REG_A0 = 10,
    REG_A1 = 11,
    REG_A7 = 17,
};

/* The registers at the time of a trap, as kern/riscv/vector.S lays them out. */
struct trapframe {
    unsigned long regs[32]; /* x0 .. x31; the slot of x0 is unused */
    unsigned long pc;       /* sepc: where to go on */
    unsigned long status;   /* sstatus: mode and interrupt state to return to */
    unsigned long cause;    /* scause */
    unsigned long addr;     /* stval: the address of a fault, or the instruction */
};

static inline bool trap_is_from_user(const struct trapframe *tf)
{
    return !(tf->status & SSTATUS_SPP);
}

/* Makes this hart take its traps through the vector in vector.S. */
void trap_init_hart(void);

/* An interrupt's handler runs with interrupts off and may not sleep. */
void trap_on_interrupt(enum interrupt irq, void (*handler)(void));

/* Makes this hart, and those that come up later, take traps at `entry` first: an image with processes
 * has a vector that knows user mode, and goes on to trap_from_kernel with all else. */
void trap_set_vector(const char *entry);

/* Called for an exception in the kernel (or the fused application); true: handled, go on. */
void trap_on_exception(bool (*handler)(struct trapframe *tf));

/* What the report of a trap calls it that nobody handled ("panic"), and the exit status that goes with
 * it: for an image in which it is the application that did wrong. */
void trap_blame(const char *kind, int exit_status);

/* Called at the end of an interrupt that came while interrupts were on: the place to preempt. */
void trap_on_preempt(void (*handler)(void));

/* Calls the handler of the interrupt in tf->cause. */
void trap_interrupt(const struct trapframe *tf);

/* Name of a cause, for people: "store page fault". */
const char *trap_cause_name(unsigned long cause);

/* The floating-point unit is off until a thread first uses it: an illegal instruction with FS off.
 * Turns it on, registers zeroed, for the running thread: true. False: that was not the reason. */
bool fp_enable(struct trapframe *tf);

/* Back to where `tf` came from, from the bottom of a kernel stack. */
void trap_return(struct trapframe *tf) __attribute__((noreturn));
