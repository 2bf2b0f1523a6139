/* The scheduler interface: who runs next.
 *
 * kern/sched/sched.c switches threads, keeps the idle threads and calls the back end the image was
 * linked with (SCHED=rr). A back end only keeps ready threads: it never switches. Every function is
 * called with interrupts off; the back end has locks of its own for its queues.
 */
#pragma once
#include "kern/sched/thread.h"

struct sched_ops {
    const char *name;
    /* Prepares hart->sched; called on each hart before it schedules. */
    void (*init_hart)(struct hart *hart);
    /* `thread` is READY and on no queue. Returns the hart that should look, to be interrupted or
     * flagged by the caller: it may be this one. */
    struct hart *(*enqueue)(struct thread *thread);
    /* Takes the thread that `hart` should run next off the queues; NULL: nothing is ready. */
    struct thread *(*pick)(struct hart *hart);
    /* A tick passed with `thread` running: should it give way? */
    bool (*tick)(struct hart *hart, struct thread *thread);
};

/* The back end this image was linked with (SCHED=). */
extern const struct sched_ops *const sched_backend;

extern const struct sched_ops sched_rr;
