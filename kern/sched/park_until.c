/* Sleeping with a deadline: a timer that wakes the sleeper. */
#include "kern/sched/thread.h"
#include "kern/sys/errno.h"

struct alarm {
    struct timer timer;
    struct thread *thread;
};

static void wake_sleeper(struct timer *timer)
{
    thread_unpark(container_of(timer, struct alarm, timer)->thread);
}

int thread_park_until(bool interruptible, uint64_t deadline_ns)
{
    if (deadline_ns == DEADLINE_MAX)
        return thread_park(interruptible);
    if (clock_now_ns() >= deadline_ns)
        return -ETIMEDOUT;
    struct alarm alarm = {.thread = thread_current()};
    timer_start(&alarm.timer, deadline_ns, wake_sleeper);
    int result = thread_park(interruptible);
    timer_cancel(&alarm.timer);
    if (result == 0 && clock_now_ns() >= deadline_ns)
        result = -ETIMEDOUT;
    return result;
}
