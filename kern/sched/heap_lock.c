/* A spin lock as the lock of a heap. */
#include "kern/sched/heap_lock.h"
#include "kern/sched/spinlock.h"

static void lock(void *spinlock)
{
    spin_lock(spinlock);
}

static void unlock(void *spinlock)
{
    spin_unlock(spinlock);
}

static unsigned hart(void *spinlock)
{
    (void)spinlock;
    return this_hart()->index;
}

const struct heap_lock_ops heap_spin_ops = {lock, unlock, hart};
