/* Between park.c, which says when a thread sleeps and wakes, and sched.c, which knows how to run another
 * one meanwhile. */
#pragma once

struct hart;
struct thread;

struct park_ops {
    /* The running thread is PARKED, its lock held, interrupts off: returns when somebody has woken it,
     * lock released. */
    void (*sleep)(struct thread *me);
    /* A parked thread became READY; interrupts off. */
    void (*wake)(struct thread *thread);
    /* Makes `hart` see to the thread it runs. */
    void (*notify)(struct hart *hart);
    /* Lets others run; interrupts off. */
    void (*yield)(void);
};

/* NULL: nobody to switch to, now or (in an image without threads) ever. */
extern const struct park_ops *park_ops;
