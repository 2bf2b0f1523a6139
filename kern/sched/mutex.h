/* Mutexes: critical sections that may sleep. Not for interrupt handlers; not recursive.
 *
 *      0 free --lock--> 1 taken --a second thread comes--> 2 taken, maybe waited for
 *      ^                |                                  |
 *      +--- unlock -----+----------- unlock + wake one ----+
 *
 * An uncontended lock or unlock is one atomic operation, here; threads that find the mutex taken queue
 * up and are woken one at a time (mutex.c). A zeroed mutex is a free one.
 */
#pragma once
#include "kern/core/list.h"
#include "kern/sched/spinlock.h"

struct mutex {
    uint32_t state; /* as above; atomic */
    struct spinlock queue_lock;
    struct list_node
        waiters; /* who waits, oldest first; guarded by queue_lock; set up on first use */
};

void mutex_lock_contended(struct mutex *mutex);
void mutex_wake_one(struct mutex *mutex);

/* How these two are done. The scheduler sets mutex_waiting; in an image without one there is a single
 * thread, which finds no mutex taken. */
struct mutex_waiting {
    void (*lock)(struct mutex *mutex);
    void (*wake_one)(struct mutex *mutex);
};
extern const struct mutex_waiting *mutex_waiting;
extern const struct mutex_waiting mutex_by_parking;

static inline void mutex_init(struct mutex *mutex)
{
    *mutex = (struct mutex){0};
}

static inline bool mutex_trylock(struct mutex *mutex)
{
    uint32_t free = 0;
    return __atomic_compare_exchange_n(&mutex->state, &free, 1, false, __ATOMIC_ACQUIRE,
                                       __ATOMIC_RELAXED);
}

static inline void mutex_lock(struct mutex *mutex)
{
    if (unlikely(!mutex_trylock(mutex)))
        mutex_lock_contended(mutex);
}

static inline void mutex_unlock(struct mutex *mutex)
{
    if (unlikely(__atomic_exchange_n(&mutex->state, 0, __ATOMIC_RELEASE) == 2))
        mutex_wake_one(mutex);
}
