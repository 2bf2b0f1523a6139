/* Spin locks: short critical sections against other harts and against interrupts.
 *
 * Holding one keeps interrupts off on this hart, so an interrupt handler may take the same lock, and
 * the holder is never preempted. Never sleep with one held. The interrupt state to return to is kept
 * in the lock: nested locks are released in the reverse order of taking.
 * With HARTS=1 turning interrupts off is all there is to do.
 */
#pragma once
#include "kern/core/util.h"
#include "kern/riscv/csr.h"
#include "kern/riscv/hart.h"

struct spinlock {
    uint32_t holder; /* 0: free, else index of the holding hart + 1 */
    bool irqs_were_on;
};

#define SPINLOCK_INIT                                                                              \
    {                                                                                              \
        0, false                                                                                   \
    }

/* For locks whose critical section spans a context switch: the caller deals with interrupts.
 *
 * The wait is in assembly (spinlock_wait.S) because it then costs nothing where there is no wait: the
 * compiler sees no call, and need not save registers for one. */
static inline void spin_acquire(struct spinlock *lock)
{
    if (HARTS == 1)
        return;
    register struct spinlock *wanted __asm__("a0") = lock;
    register uint32_t me __asm__("a1") = this_hart()->index + 1;
    __asm__ volatile("1: lr.w.aq t0, (a0)\n"
                     "   bnez t0, 2f\n"
                     "   sc.w t0, a1, (a0)\n"
                     "   beqz t0, 3f\n"
                     "2: jal t1, spin_wait\n"
                     "   j 1b\n"
                     "3:"
                     :
                     : "r"(wanted), "r"(me)
                     : "t0", "t1", "memory");
}

static inline void spin_release(struct spinlock *lock)
{
    if (HARTS > 1)
        __asm__ volatile("amoswap.w.rl zero, zero, (%0)" ::"r"(lock) : "memory");
    else
        __asm__ volatile("" ::: "memory");
}

static inline void spin_lock(struct spinlock *lock)
{
    bool irqs_were_on = irq_save();
    spin_acquire(lock);
    lock->irqs_were_on = irqs_were_on;
}

static inline void spin_unlock(struct spinlock *lock)
{
    bool irqs_were_on = lock->irqs_were_on;
    spin_release(lock);
    irq_restore(irqs_were_on);
}
