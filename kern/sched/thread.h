/* Threads: a flow of control with a stack, in either shape.
 *
 * States and who moves between them:
 *
 *      NEW --thread_start--> READY --scheduler--> RUNNING --thread_exit--> DEAD
 *                              ^                   |   |
 *                              +----- yield -------+   | thread_park
 *                              |                       v
 *                              +--- thread_unpark -- PARKED
 *
 * Blocking is built from one pair. thread_park() sleeps until thread_unpark() was called on the
 * thread; an unpark that comes first makes the next park return at once, so a wake-up is never
 * lost. Parks may also return for no reason: every wait is a loop around a condition. Locks, wait
 * queues, timers and signals are all built on the pair.
 *
 * Threads of processes have a struct proc; those of a fused image, and kernel threads, have none.
 */
#pragma once
#include "kern/core/list.h"
#include "kern/core/clock.h"
#include "kern/sched/spinlock.h"

/* Callee-saved registers, as switch.S lays them out. */
struct context {
    unsigned long ra, sp, tp, s[12];
};

struct fpstate {
    unsigned long f[32];
    unsigned long fcsr;
};

enum thread_state { THREAD_NEW, THREAD_READY, THREAD_RUNNING, THREAD_PARKED, THREAD_DEAD };

struct proc;
struct trapframe;

struct thread {
    uintptr_t stack_lo;     /* 0: vector.S knows these two offsets */
    uintptr_t stack_hi;     /* 8: top; in the kernel shape a trap from user mode starts here */
    struct context context; /* while not running */
    bool fp_live; /* has used floating point; `fp` holds its registers while not running */
    struct fpstate fp;

    struct spinlock lock; /* guards state, wake_token; held across the switch away */
    enum thread_state state;
    bool wake_token;           /* an unpark nobody has consumed yet */
    bool interrupted;          /* a signal is waiting: interruptible parks return -EINTR */
    struct hart *hart;         /* where it runs, or ran last */
    struct list_node run_node; /* the scheduler back end's queue */
    unsigned long sched_data;  /* the scheduler back end's, e.g. ticks left */
    uint64_t run_time;         /* spent running, in counts of the machine's time (clock_to_ns) */
    uint64_t run_since;        /* when it was switched to */

    int tid; /* 0: a kernel thread */
    char name[16];
    struct list_node all_node;              /* list of all threads, guarded by threads_lock */
    void (*release)(struct thread *thread); /* frees thread and stack, after the switch away */

    struct proc *proc;          /* NULL for kernel threads; set once, before the thread starts */
    struct list_node proc_node; /* the process's threads; guarded by the process's lock */
    struct trapframe *tf;       /* kernel shape: user registers, on top of the kernel stack */
    unsigned long sigmask;      /* blocked signals */
    unsigned long sigpending;   /* sent to this very thread; guarded by the process's lock */
    int *clear_child_tid;       /* user address to clear and wake when the thread ends */
};

/* struct thread *thread_current(void): the running thread; in interrupt handlers the interrupted one. Any
 * context. How it is found depends on the shape: see kern/proc/shape and kern/libos/shape. */
#include <current_shape.h>

/* A program's thread in state NEW with no stack, name copied, a fresh tid. NULL: out of memory. */
struct thread *thread_alloc(const char *name);

/* Sets where a NEW thread starts: `entry(arg)` on the stack [lo, hi). */
void thread_set_entry(struct thread *thread, void (*entry)(void *), void *arg, uintptr_t stack_lo,
                      uintptr_t stack_hi);

/* A NEW kernel thread with a stack of its own. NULL: out of memory. */
struct thread *thread_create(const char *name, void (*entry)(void *), void *arg);

/* Makes a NEW thread READY. */
void thread_start(struct thread *thread);

/* Frees a thread that was never started, or that no hart runs any more. */
void thread_discard(struct thread *thread);

/* Ends the running thread; its memory is freed once the hart left its stack. */
void thread_exit(void) __attribute__((noreturn));

/* Gives way to other ready threads. */
void thread_yield(void);

/* Sleeps until unparked: 0, or with `interruptible` -EINTR when a signal waits. No spin lock may be
 * held. */
int thread_park(bool interruptible);

/* The same until a deadline at most: also -ETIMEDOUT. */
int thread_park_until(bool interruptible, uint64_t deadline_ns);

/* Wakes `thread`, or makes its next park return at once. Any context. The caller makes sure that the
 * thread still exists: usually by holding the lock under which it registered itself. */
void thread_unpark(struct thread *thread);

/* Unparks and makes interruptible parks return -EINTR until the flag is cleared. */
void thread_interrupt(struct thread *thread);

/* Stores the FPU's registers into the running thread if it has used them (before copying it). */
void thread_save_fp(void);

/* Called on every switch with the thread about to run, interrupts off: kern/proc switches address
 * spaces here. NULL: nothing to do. */
extern void (*thread_switch_hook)(struct thread *next);

/* The first thing a hart other than the boot hart does: becomes `thread`. */
void thread_begin_hart(struct thread *thread) __attribute__((noreturn));

/* Calls `visit` for every thread until it returns false; under threads_lock, so it may not sleep. */
void threads_for_each(bool (*visit)(struct thread *thread, void *arg), void *arg);
