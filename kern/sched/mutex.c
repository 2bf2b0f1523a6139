/* The slow side of a mutex: waiting for it, and waking who waits.
 *
 * A woken thread tries again like everybody else, and since it cannot know whether others still wait,
 * it takes the mutex with state 2: at worst one unlock looks at an empty queue.
 */
#include "kern/sched/mutex.h"
#include "kern/sched/thread.h"

const struct mutex_waiting *mutex_waiting;

void mutex_lock_contended(struct mutex *mutex)
{
    mutex_waiting->lock(mutex);
}

void mutex_wake_one(struct mutex *mutex)
{
    mutex_waiting->wake_one(mutex);
}

struct mutex_waiter {
    struct thread *thread;
    struct list_node node; /* unlinked by mutex_wake_one, under queue_lock */
};

/* A zeroed mutex is a valid one: its queue gets its head when it is first used. */
static void enqueue(struct mutex *mutex, struct mutex_waiter *waiter)
{
    if (!mutex->waiters.next)
        list_init(&mutex->waiters);
    list_push_back(&mutex->waiters, &waiter->node);
}

static void wait_until_woken(struct mutex *mutex, struct mutex_waiter *waiter)
{
    for (;;) {
        thread_park(false);
        spin_lock(&mutex->queue_lock);
        bool woken = !list_is_linked(&waiter->node);
        spin_unlock(&mutex->queue_lock);
        if (woken)
            return;
    }
}

static void lock_contended(struct mutex *mutex)
{
    for (;;) {
        struct mutex_waiter waiter = {.thread = thread_current()};
        spin_lock(&mutex->queue_lock);
        /* Under queue_lock: an unlock after this exchange sees state 2, and then the queue. */
        bool taken = __atomic_exchange_n(&mutex->state, 2, __ATOMIC_ACQUIRE) == 0;
        if (!taken)
            enqueue(mutex, &waiter);
        spin_unlock(&mutex->queue_lock);
        if (taken)
            return;
        wait_until_woken(mutex, &waiter);
    }
}

static void wake_one(struct mutex *mutex)
{
    spin_lock(&mutex->queue_lock);
    struct list_node *node = mutex->waiters.next ? list_pop_front(&mutex->waiters) : NULL;
    /* Still under the lock: until it is released the waiter, and so its thread, stays. */
    if (node)
        thread_unpark(list_entry(node, struct mutex_waiter, node)->thread);
    spin_unlock(&mutex->queue_lock);
}

const struct mutex_waiting mutex_by_parking = {.lock = lock_contended, .wake_one = wake_one};
