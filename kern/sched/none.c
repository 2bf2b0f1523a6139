/* SCHED=none: one thread, and nobody to switch to. Blocking is waiting for an interrupt. */
#include "kern/core/clock.h"
#include "kern/core/panic.h"
#include "kern/dev/power.h"
#include "kern/sched/thread.h"
#include "kern/sys/errno.h"

struct wakeup {
    struct timer timer;
    struct thread *thread;
};

void (*thread_switch_hook)(struct thread *next);

static void wake_at_deadline(struct timer *timer)
{
    thread_unpark(container_of(timer, struct wakeup, timer)->thread);
}

/* Only interrupts can wake us. Looking and sleeping happen with interrupts off, so that none comes in
 * between; wfi ends for one that is pending all the same. */
static void wait_for_token(struct thread *me)
{
    for (;;) {
        bool irqs_were_on = irq_save();
        bool woken = me->wake_token;
        me->wake_token = false;
        if (!woken)
            __asm__ volatile("wfi");
        irq_restore(irqs_were_on);
        if (woken)
            return;
        irq_enable();
    }
}

int thread_park(bool interruptible, uint64_t deadline_ns)
{
    struct thread *me = thread_current();
    (void)interruptible; /* there are no signals */
    if (deadline_ns == DEADLINE_MAX) {
        wait_for_token(me);
        return 0;
    }
    struct wakeup wakeup = {.thread = me};
    timer_start(&wakeup.timer, deadline_ns, wake_at_deadline);
    wait_for_token(me);
    timer_cancel(&wakeup.timer);
    return clock_now_ns() >= deadline_ns ? -ETIMEDOUT : 0;
}

void thread_unpark(struct thread *thread)
{
    thread->wake_token = true;
}

void thread_interrupt(struct thread *thread)
{
    thread_unpark(thread);
}

void thread_yield(void)
{
}

/* Threads cannot be made; clone passes the error on. */
struct thread *thread_alloc(const char *name)
{
    (void)name;
    return NULL;
}

void thread_start(struct thread *thread)
{
    panic("thread %p cannot start: this image has no scheduler", (void *)thread);
}

void thread_first_run(struct thread *prev)
{
    panic("thread %p cannot run: this image has no scheduler", (void *)prev);
}

void thread_discard(struct thread *thread)
{
    (void)thread;
}

/* The only thread ended: so does the program. */
void thread_exit(void)
{
    power_off(0);
}
