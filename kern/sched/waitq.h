/* Wait queues: sleep until somebody changes a condition.
 *
 *     mutex_lock(&pipe->lock);
 *     while (pipe_is_empty(pipe)) {
 *         int error = waitq_wait(&pipe->readers, &pipe->lock);
 *         if (error)
 *             break;
 *     }
 *
 * The lock that guards the condition is released while asleep and held again on return. Whoever
 * changes the condition holds the same lock and calls waitq_wake_*(). Returns may be spurious.
 */
#pragma once
#include "kern/sched/mutex.h"
#include "kern/sched/thread.h"

struct waitq {
    struct spinlock lock;
    struct list_node waiters; /* struct waiter, oldest first; guarded by lock */
};

/* One thread on one queue; lives on the waiting thread's stack. poll() stands on several queues. */
struct waiter {
    struct thread *thread;
    struct waitq *queue;
    struct list_node node; /* unlinked by whoever wakes it */
};

void waitq_init(struct waitq *queue);

/* All return 0 when woken (or spuriously) or -EINTR; with a deadline also -ETIMEDOUT. */
int waitq_wait(struct waitq *queue, struct mutex *lock);
int waitq_wait_spin(struct waitq *queue, struct spinlock *lock);
int waitq_wait_spin_until(struct waitq *queue, struct spinlock *lock, uint64_t deadline_ns);

/* Any context, interrupt handlers too. */
void waitq_wake_one(struct waitq *queue);
void waitq_wake_waiters(struct waitq *queue);

static inline void waitq_wake_all(struct waitq *queue)
{
    /* A waiter that is not there yet will hold the caller's lock next, and look at the condition. */
    if (!list_is_empty(&queue->waiters))
        waitq_wake_waiters(queue);
}

/* The pieces, for waits on several queues: enter each, check conditions, thread_park(), leave each. */
void waitq_enter(struct waitq *queue, struct waiter *waiter);
/* True: somebody had woken this waiter already. */
bool waitq_leave(struct waiter *waiter);
