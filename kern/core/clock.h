/* Time since boot and timers.
 *
 * Time is nanoseconds on the machine's `time` counter. A timer calls a function once, in interrupt
 * context, on the hart that started it. Besides timers every hart gets a tick, 100 times a second,
 * once clock_start_ticks() was called on it (the scheduler does).
 */
#pragma once
#include "kern/core/list.h"

#define NS_PER_SEC   1000000000ULL
#define TICK_NS      10000000ULL
#define DEADLINE_MAX UINT64_MAX /* "never" */

struct timer {
    uint64_t deadline_ns;
    void (*expired)(struct timer *timer); /* interrupts off; takes spin locks only */
    struct list_node node;                /* the list of its hart, guarded by that clock's lock */
    uint32_t hart;                        /* where it was started */
};

uint64_t clock_now_ns(void);
uint64_t clock_to_ns(uint64_t counts);

/* Starts `timer`; the caller keeps it alive until it expired or timer_cancel() returned. */
void timer_start(struct timer *timer, uint64_t deadline_ns, void (*expired)(struct timer *));

/* After this the function is not running and will not run. Harmless when it already ran. */
void timer_cancel(struct timer *timer);

/* Calls `tick` on this hart at every tick from now on, interrupts off. */
void clock_start_ticks(void (*tick)(void));
