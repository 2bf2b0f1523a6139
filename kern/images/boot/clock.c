/* Waiting for the clock. What is printed are readings of the machine's counter, taken here. */
#include "kern/core/clock.h"
#include "kern/core/printk.h"
#include "kern/dev/machine.h"
#include "kern/images/boot/commands.h"
#include "kern/riscv/hart.h"
#include "kern/riscv/trap.h"

#define EVENTS_MAX 64UL

/* Written by interrupts: when they came, since `started`. */
static uint64_t came_at[EVENTS_MAX];
static volatile unsigned came;
static uint64_t started;

static struct timer timers[EVENTS_MAX];

static void note_event(void)
{
    if (came < EVENTS_MAX)
        came_at[came] = csr_read(time) - started;
    came = came + 1;
}

static void begin(void)
{
    came = 0;
    started = csr_read(time);
}

/* Sleeps until there were `count` events; says of each when it came, in microseconds. */
static void show_events(const char *name, unsigned count)
{
    for (unsigned seen = 0; seen < count;) {
        irq_disable();
        if (came == seen)
            __asm__ volatile("wfi");
        irq_enable();
        for (; seen < came && seen < count; seen++)
            printk("boot: %s %u after %lu us\n", name, seen + 1,
                   came_at[seen] * 1000000 / machine.timebase_hz);
    }
    irq_disable();
}

/* Every second tick asks the running thread to give way, as a scheduler would. */
static unsigned gave_way;

static void on_tick(void)
{
    note_event();
    this_hart()->attention = came % 2 == 0;
}

static void give_way(void)
{
    this_hart()->attention = false;
    gave_way++;
}

void start_ticks(void)
{
    gave_way = 0;
    trap_on_preempt(give_way);
    clock_start_ticks(on_tick);
    begin();
}

void command_ticks(char **words)
{
    unsigned count = MIN(parse_number(words[0]), EVENTS_MAX);
    start_ticks();
    show_events("tick", count);
    printk("boot: gave way %u times\n", gave_way);
}

/* Busy, with interrupts off, until so long after `started`. */
static void stay_deaf_until(uint64_t us)
{
    while ((csr_read(time) - started) * 1000000 / machine.timebase_hz < us)
        ;
}

void command_late(char **words)
{
    start_ticks();
    stay_deaf_until(parse_number(words[0]) * 1000);
    show_events("tick", 4);
}

void command_lazy(char **words)
{
    unsigned count = MIN(parse_number(words[0]), EVENTS_MAX);
    start_ticks();
    for (unsigned i = 1; i <= count; i++) {
        stay_deaf_until(i * TICK_NS / 1000 + parse_number(words[1]));
        irq_enable();
        irq_disable();
    }
    show_events("tick", count);
}

static void expired(struct timer *timer)
{
    (void)timer;
    note_event();
}

/* A tick may ask the clock for something, as a scheduler's would. */
static void start_timer_of_1_ms(void)
{
    static unsigned started_timers;
    struct timer *timer = &timers[started_timers++ % EVENTS_MAX];
    timer_start(timer, clock_now_ns() + NS_PER_SEC / 1000, expired);
}

void command_chimes(char **words)
{
    unsigned count = MIN(parse_number(words[0]), EVENTS_MAX);
    clock_start_ticks(start_timer_of_1_ms);
    begin();
    show_events("chime", count);
}

void command_timers(char **words)
{
    uint64_t now = clock_now_ns();
    unsigned count = 0;
    begin();
    for (char *s = words[0]; *s && count < EVENTS_MAX;) {
        uint64_t ms = 0;
        for (; *s >= '0' && *s <= '9'; s++)
            ms = 10 * ms + (uint64_t)(*s - '0');
        timer_start(&timers[count++], now + ms * 1000000, expired);
        if (*s)
            s++;
    }
    show_events("timer", count);
}
