/* Switching threads: the part that is the same under every scheduling policy. It is in an image that
 * starts a thread; without it there is one thread and blocking is park.c's waiting for interrupts.
 *
 * The rule that makes it safe on several harts: whoever gives up the processor holds its own lock
 * across context_switch(), and the thread that runs next releases it (finish_switch). So nobody can
 * make a thread ready and run it elsewhere before its registers are saved.
 *
 * Every hart has an idle thread, which runs when the back end has nothing to offer and is never on a
 * queue.
 */
#include "kern/sched/sched.h"
#include "kern/core/boot.h"
#include "kern/sched/mutex.h"
#include "kern/sched/park.h"
#include "kern/core/init.h"
#include "kern/core/panic.h"
#include "kern/mem/kmap.h"
#include "kern/riscv/trap.h"

/* switch.S */
struct thread *context_switch(struct thread *prev, struct thread *next);
void context_load(struct thread *next) __attribute__((noreturn));

void (*thread_switch_hook)(struct thread *next);

static void make_ready(struct thread *thread);
static void notify(struct hart *hart);
static void switch_away(struct thread *me);
static void yield(void);
static void sched_tick(void);
static struct thread *make_idle(struct hart *hart);

static const struct park_ops park_by_switching = {
    .sleep = switch_away, .wake = make_ready, .notify = notify, .yield = yield};

static void sched_init(void)
{
    struct hart *hart = this_hart();
    if (!make_idle(hart))
        boot_out_of_memory("the first thread");
    hart->current->run_since = csr_read(time);
    trap_on_preempt(yield);
    park_ops = &park_by_switching;
    mutex_waiting = &mutex_by_parking;
    if (HARTS > 1)
        harts_start(make_idle);
    clock_start_ticks(sched_tick);
}
INIT_ENTRY(INIT_THREADS, sched_init);

static void notify(struct hart *hart)
{
    bool irqs_were_on = irq_save();
    __atomic_store_n(&hart->attention, true, __ATOMIC_SEQ_CST);
    if (hart != this_hart())
        harts_interrupt(1UL << hart->index);
    irq_restore(irqs_were_on);
}

/* A thread became ready: put it on a queue, and see that somebody looks there. */
static void make_ready(struct thread *thread)
{
    struct hart *hart = sched_backend->enqueue(thread);
    if (hart)
        notify(hart);
}

/* On the new thread's stack, after the switch: nobody needs prev's registers or stack any more. */
static void finish_switch(struct thread *prev)
{
    enum thread_state state = prev->state;
    spin_release(&prev->lock);
    if (state == THREAD_DEAD)
        thread_discard(prev);
    else if (state == THREAD_READY && prev != prev->hart->idle)
        make_ready(prev);
}

static void account(struct thread *prev, struct thread *next)
{
    uint64_t now = csr_read(time);
    prev->run_time += now - prev->run_since;
    next->run_since = now;
}

/* Runs something else. Interrupts are off, the running thread's state is set, its lock held; on return
 * it runs again, lock released. */
static void switch_away(struct thread *me)
{
    struct hart *hart = this_hart();
    struct thread *next = sched_backend->pick(hart);
    hart->attention = false;
    if (!next)
        next = me->state == THREAD_READY ? me : hart->idle;
    next->hart = hart;
    __atomic_store_n(&next->state, THREAD_RUNNING, __ATOMIC_SEQ_CST);
    if (next->interrupted) /* see thread_interrupt() */
        hart->attention = true;
    if (next == me) {
        spin_release(&me->lock);
        return;
    }
    account(me, next);
    hart->current = next;
    kstack_sync(hart);
    if (thread_switch_hook)
        thread_switch_hook(next);
    finish_switch(context_switch(me, next));
}

/* Called by thread_trampoline, where a new thread's context begins; a hart's first thread has none
 * before it. */
void thread_first_run(struct thread *prev)
{
    if (prev)
        finish_switch(prev);
    irq_enable();
}

void thread_start(struct thread *thread)
{
    INIT_NEEDS(sched_init);
    bool irqs_were_on = irq_save();
    thread->state = THREAD_READY;
    thread->hart = this_hart();
    make_ready(thread);
    irq_restore(irqs_were_on);
}

/* Interrupts are off. */
static void yield(void)
{
    struct thread *me = this_hart()->current;
    spin_acquire(&me->lock);
    me->state = THREAD_READY;
    switch_away(me);
}

void thread_exit(void)
{
    irq_disable();
    struct thread *me = this_hart()->current;
    spin_acquire(&me->lock);
    me->state = THREAD_DEAD;
    switch_away(me);
    panic("a dead thread runs");
}

static void sched_tick(void)
{
    struct hart *hart = this_hart();
    if (sched_backend->tick(hart, hart->current))
        hart->attention = true;
}

/* What an idle thread does. The first thread of a hart other than the boot hart is its idle thread. */
static void idle_loop(void *arg)
{
    (void)arg;
    clock_start_ticks(sched_tick);
    for (;;) {
        irq_disable();
        yield();
        /* wfi also ends for an interrupt that is turned off: nothing is missed between looking and
         * sleeping. It is taken once interrupts are on. */
        if (!this_hart()->attention)
            __asm__ volatile("wfi");
        irq_enable();
    }
}

static struct thread *make_idle(struct hart *hart)
{
    struct thread *idle = thread_create("idle", idle_loop, NULL);
    if (!idle)
        return NULL;
    idle->state = THREAD_READY;
    idle->hart = hart;
    hart->idle = idle;
    sched_backend->init_hart(hart);
    return idle;
}

void thread_begin_hart(struct thread *thread)
{
    thread->state = THREAD_RUNNING;
    thread->run_since = csr_read(time);
    context_load(thread);
}
