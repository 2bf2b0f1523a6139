/* Wait queues over thread_park and thread_unpark.
 *
 * A waiter is put on the queue before the caller's lock is released. From then on a wake finds it, and
 * if it comes before the park, the park returns at once. Whoever wakes a waiter unlinks it while the
 * queue's lock is held; waitq_leave takes that lock too, so a waiter's stack outlives every look at it.
 */
#include "kern/sched/waitq.h"
#include "kern/sys/errno.h"

void waitq_init(struct waitq *queue)
{
    queue->lock = (struct spinlock)SPINLOCK_INIT;
    list_init(&queue->waiters);
}

static inline void enter(struct waitq *queue, struct waiter *waiter)
{
    waiter->thread = thread_current();
    waiter->queue = queue;
    spin_lock(&queue->lock);
    list_push_back(&queue->waiters, &waiter->node);
    spin_unlock(&queue->lock);
}

void waitq_enter(struct waitq *queue, struct waiter *waiter)
{
    enter(queue, waiter);
}

static inline bool leave(struct waiter *waiter)
{
    spin_lock(&waiter->queue->lock);
    bool woken = !list_is_linked(&waiter->node);
    if (!woken)
        list_remove(&waiter->node);
    spin_unlock(&waiter->queue->lock);
    return woken;
}

bool waitq_leave(struct waiter *waiter)
{
    return leave(waiter);
}

/* A wake that was meant for us counts, even if a signal or the deadline came as well: with
 * waitq_wake_one nobody else was told. */
static inline int wait_result(struct waiter *waiter, int parked)
{
    return leave(waiter) ? 0 : parked;
}

int waitq_wait(struct waitq *queue, struct mutex *lock)
{
    struct waiter waiter;
    enter(queue, &waiter);
    mutex_unlock(lock);
    int result = wait_result(&waiter, thread_park(true));
    mutex_lock(lock);
    return result;
}

int waitq_wait_spin(struct waitq *queue, struct spinlock *lock)
{
    struct waiter waiter;
    waitq_enter(queue, &waiter);
    spin_unlock(lock);
    int result = wait_result(&waiter, thread_park(true));
    spin_lock(lock);
    return result;
}

int waitq_wait_spin_until(struct waitq *queue, struct spinlock *lock, uint64_t deadline_ns)
{
    struct waiter waiter;
    waitq_enter(queue, &waiter);
    spin_unlock(lock);
    int result = wait_result(&waiter, thread_park_until(true, deadline_ns));
    spin_lock(lock);
    return result;
}

void waitq_wake_one(struct waitq *queue)
{
    spin_lock(&queue->lock);
    struct list_node *node = list_pop_front(&queue->waiters);
    if (node)
        thread_unpark(list_entry(node, struct waiter, node)->thread);
    spin_unlock(&queue->lock);
}

void waitq_wake_waiters(struct waitq *queue)
{
    spin_lock(&queue->lock);
    struct list_node *node;
    while ((node = list_pop_front(&queue->waiters)))
        thread_unpark(list_entry(node, struct waiter, node)->thread);
    spin_unlock(&queue->lock);
}
