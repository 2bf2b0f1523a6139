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

/* For locks whose critical section spans a context switch: the caller deals with interrupts. */
void spin_contended(struct spinlock *lock);

static inline void spin_acquire(struct spinlock *lock)
{
    if (HARTS == 1)
        return;
    uint32_t me = this_hart()->index + 1, free = 0;
    while (unlikely(!__atomic_compare_exchange_n(&lock->holder, &free, me, false, __ATOMIC_ACQUIRE,
                                                 __ATOMIC_RELAXED))) {
        spin_contended(lock);
        free = 0;
    }
}

static inline void spin_release(struct spinlock *lock)
{
    if (HARTS > 1)
        __atomic_store_n(&lock->holder, 0, __ATOMIC_RELEASE);
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
