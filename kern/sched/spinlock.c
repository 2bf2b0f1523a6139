/* The slow side of a spin lock. */
#include "kern/sched/spinlock.h"
#include "kern/core/panic.h"

/* Reads until the lock looks free, so that waiting harts do not pull its cache line from each other.
 * A hart that waits for itself would wait forever: say so. */
void spin_contended(struct spinlock *lock)
{
    uint32_t me = this_hart()->index + 1, holder;
    while ((holder = __atomic_load_n(&lock->holder, __ATOMIC_RELAXED)) != 0)
        if (holder == me)
            panic("spin lock %p is taken twice by hart %u", (void *)lock, me - 1);
}
