/* Time, timers and ticks.
 *
 * Each hart has one comparator, programmed through the firmware for whatever comes first: its next
 * tick or its earliest timer. Timers wait in a list a hart, sorted by deadline; the list is short.
 */
#include "kern/core/clock.h"
#include "kern/core/init.h"
#include "kern/dev/machine.h"
#include "kern/riscv/sbi.h"
#include "kern/riscv/trap.h"
#include "kern/sched/spinlock.h"

struct hart_clock {
    struct spinlock lock;
    struct list_node timers; /* by deadline; guarded by lock */
    uint64_t next_tick_ns;   /* DEADLINE_MAX: no ticks here */
    uint64_t programmed_ns;  /* what the comparator is set to */
    bool ready;
};

static struct hart_clock clocks[HARTS];
static void (*tick_function)(void);
static uint64_t ns_per_count; /* 0: does not divide evenly */

static void clock_interrupt(void);

static void clock_init(void)
{
    if (NS_PER_SEC % machine.timebase_hz == 0)
        ns_per_count = NS_PER_SEC / machine.timebase_hz;
    trap_on_interrupt(IRQ_TIMER, clock_interrupt);
}
INIT_ENTRY(INIT_TRAPS, clock_init);

uint64_t clock_to_ns(uint64_t counts)
{
    INIT_NEEDS(clock_init);
    uint64_t hz = machine.timebase_hz;
    if (likely(ns_per_count))
        return counts * ns_per_count;
    return counts / hz * NS_PER_SEC + counts % hz * NS_PER_SEC / hz;
}

uint64_t clock_now_ns(void)
{
    return clock_to_ns(csr_read(time));
}

static uint64_t ns_to_count(uint64_t ns)
{
    uint64_t hz = machine.timebase_hz;
    if (ns == DEADLINE_MAX)
        return UINT64_MAX;
    return ns / NS_PER_SEC * hz + (ns % NS_PER_SEC * hz + NS_PER_SEC - 1) / NS_PER_SEC;
}

/* The clock of this hart; interrupts off. */
static struct hart_clock *this_clock(void)
{
    struct hart_clock *clock = &clocks[this_hart()->index];
    if (unlikely(!clock->ready)) {
        list_init(&clock->timers);
        clock->next_tick_ns = clock->programmed_ns = DEADLINE_MAX;
        clock->ready = true;
        csr_set(sie, 1UL << IRQ_TIMER);
    }
    return clock;
}

static void program(struct hart_clock *clock)
{
    uint64_t first = clock->next_tick_ns;
    if (!list_is_empty(&clock->timers))
        first = MIN(first, list_entry(clock->timers.next, struct timer, node)->deadline_ns);
    if (first == clock->programmed_ns)
        return;
    clock->programmed_ns = first;
    sbi_set_timer(ns_to_count(first));
}

static void insert_sorted(struct hart_clock *clock, struct timer *timer)
{
    struct list_node *before = clock->timers.prev;
    while (before != &clock->timers &&
           list_entry(before, struct timer, node)->deadline_ns > timer->deadline_ns)
        before = before->prev;
    list_insert_after(before, &timer->node);
}

void timer_start(struct timer *timer, uint64_t deadline_ns, void (*expired)(struct timer *))
{
    INIT_NEEDS(clock_init);
    bool irqs_were_on = irq_save();
    struct hart_clock *clock = this_clock();
    timer->deadline_ns = deadline_ns;
    timer->expired = expired;
    timer->hart = this_hart()->index;
    spin_acquire(&clock->lock);
    insert_sorted(clock, timer);
    if (deadline_ns < clock->programmed_ns)
        program(clock);
    spin_release(&clock->lock);
    irq_restore(irqs_were_on);
}

void timer_cancel(struct timer *timer)
{
    struct hart_clock *clock = &clocks[timer->hart];
    spin_lock(&clock->lock);
    list_remove(&timer->node); /* an expired timer points at itself: harmless */
    spin_unlock(&clock->lock);
}

void clock_start_ticks(void (*tick)(void))
{
    INIT_NEEDS(clock_init);
    bool irqs_were_on = irq_save();
    struct hart_clock *clock = this_clock();
    tick_function = tick;
    clock->next_tick_ns = clock_now_ns() + TICK_NS;
    program(clock);
    irq_restore(irqs_were_on);
}

/* Calls what has expired, with the lock held: timer_cancel() waits for a running function. */
static void run_expired(struct hart_clock *clock, uint64_t now)
{
    while (!list_is_empty(&clock->timers)) {
        struct timer *timer = list_entry(clock->timers.next, struct timer, node);
        if (timer->deadline_ns > now)
            return;
        list_remove(&timer->node);
        timer->expired(timer);
    }
}

static void clock_interrupt(void)
{
    struct hart_clock *clock = this_clock();
    uint64_t now = clock_now_ns();
    spin_acquire(&clock->lock);
    run_expired(clock, now);
    bool tick = now >= clock->next_tick_ns;
    if (tick)
        clock->next_tick_ns = MAX(clock->next_tick_ns + TICK_NS, now + TICK_NS / 2);
    clock->programmed_ns = 0; /* the interrupt stays pending until the comparator is moved */
    program(clock);
    spin_release(&clock->lock);
    if (tick)
        tick_function();
}
