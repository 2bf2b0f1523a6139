/* Mutexes: critical sections that may sleep. Not for interrupt handlers; not recursive.
 *
 * Free or taken is one atomic word, so that an uncontended lock costs a few instructions; threads
 * that find it taken queue up and are woken one at a time.
 */
#pragma once
#include "kern/core/list.h"
#include "kern/sched/spinlock.h"

struct thread;

struct mutex {
    uint32_t state; /* 0 free, 1 taken, 2 taken and maybe waited for */
    struct spinlock queue_lock;
    struct list_node waiters; /* struct mutex_waiter; guarded by queue_lock; empty when zeroed too */
    struct thread *holder;    /* for assertions and the debugger */
};

void mutex_init(struct mutex *mutex);
void mutex_lock(struct mutex *mutex);
bool mutex_trylock(struct mutex *mutex);
void mutex_unlock(struct mutex *mutex);
bool mutex_is_held(const struct mutex *mutex); /* by the running thread */
