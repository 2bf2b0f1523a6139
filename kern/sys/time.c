/* System calls about time: reading clocks, sleeping. */
#include "kern/sys/time.h"
#include "kern/core/init.h"
#include "kern/dev/machine.h"
#include "kern/mem/kmap.h"
#include "kern/mem/uaccess.h"
#include "kern/sys/errno.h"
#include <onering/syscalls.h>

#define NS_PER_US 1000

/* The goldfish clock of QEMU's virt machine: nanoseconds since 1970, low half first: reading it
 * latches the high half. */
enum rtc_register { RTC_TIME_LOW = 0, RTC_TIME_HIGH = 4 };

static uint64_t realtime_at_boot_ns; /* 0, that is 1970, on a machine without a clock */

static void realtime_init(void)
{
    volatile uint8_t *rtc = NULL;
    if (machine.rtc.size)
        rtc = mmio_map(machine.rtc.base, machine.rtc.size);
    if (!rtc)
        return;
    uint64_t low = *(volatile uint32_t *)(rtc + RTC_TIME_LOW);
    uint64_t high = *(volatile uint32_t *)(rtc + RTC_TIME_HIGH);
    realtime_at_boot_ns = (high << 32 | low) - clock_now_ns();
}
INIT_ENTRY(INIT_DEVICES, realtime_init);

uint64_t realtime_offset_ns(void)
{
    INIT_NEEDS(realtime_init);
    return realtime_at_boot_ns;
}

struct timespec timespec_of_ns(uint64_t ns)
{
    return (struct timespec){ns / NS_PER_SEC, ns % NS_PER_SEC};
}

struct timeval timeval_of_ns(uint64_t ns)
{
    return (struct timeval){ns / NS_PER_SEC, ns % NS_PER_SEC / NS_PER_US};
}

int timespec_from_user(const struct timespec *user, uint64_t *ns)
{
    struct timespec time;
    if (copy_from_user(&time, user, sizeof(time)))
        return -EFAULT;
    if (time.tv_sec < 0 || time.tv_nsec < 0 || (uint64_t)time.tv_nsec >= NS_PER_SEC)
        return -EINVAL;
    uint64_t most = (DEADLINE_MAX - 1) / NS_PER_SEC - 1;
    *ns = MIN((uint64_t)time.tv_sec, most) * NS_PER_SEC + time.tv_nsec;
    return 0;
}

uint64_t time_after(uint64_t start, uint64_t ns)
{
    uint64_t sum;
    return __builtin_add_overflow(start, ns, &sum) ? DEADLINE_MAX : sum;
}

uint64_t thread_cpu_ns(const struct thread *thread)
{
    uint64_t time = thread->run_time;
    if (thread->state == THREAD_RUNNING)
        time += csr_read(time) - thread->run_since;
    return clock_to_ns(time);
}

long sys_clock_gettime(int clock, struct timespec *now)
{
    uint64_t ns;
    switch (clock) {
    case CLOCK_REALTIME:
    case CLOCK_REALTIME_COARSE: ns = clock_now_ns() + realtime_offset_ns(); break;
    case CLOCK_MONOTONIC:
    case CLOCK_MONOTONIC_RAW:
    case CLOCK_MONOTONIC_COARSE:
    case CLOCK_BOOTTIME: ns = clock_now_ns(); break;
    case CLOCK_PROCESS_CPUTIME_ID: ns = process_cpu_ns(); break;
    case CLOCK_THREAD_CPUTIME_ID: ns = thread_cpu_ns(thread_current()); break;
    default: return -EINVAL;
    }
    struct timespec time = timespec_of_ns(ns);
    return copy_to_user(now, &time, sizeof(time));
}

long sys_gettimeofday(struct timeval *now, void *timezone)
{
    static const int utc[2]; /* minutes west of Greenwich, kind of daylight saving time */
    struct timeval time = timeval_of_ns(clock_now_ns() + realtime_offset_ns());
    if (now && copy_to_user(now, &time, sizeof(time)))
        return -EFAULT;
    if (timezone && copy_to_user(timezone, utc, sizeof(utc)))
        return -EFAULT;
    return 0;
}

/* 0, or -EINTR with the time that was left in *remaining, if that is wanted. */
static long sleep_until(uint64_t deadline_ns, struct timespec *remaining)
{
    int result;
    do {
        result = thread_park_until(true, deadline_ns);
    } while (result == 0); /* woken for no reason */
    if (result == -ETIMEDOUT)
        return 0;
    uint64_t now = clock_now_ns();
    struct timespec left = timespec_of_ns(deadline_ns > now ? deadline_ns - now : 0);
    if (remaining && copy_to_user(remaining, &left, sizeof(left)))
        return -EFAULT;
    return result;
}

long sys_nanosleep(const struct timespec *duration, struct timespec *remaining)
{
    uint64_t ns;
    int error = timespec_from_user(duration, &ns);
    if (error)
        return error;
    return sleep_until(time_after(clock_now_ns(), ns), remaining);
}

long sys_clock_nanosleep(int clock, int flags, const struct timespec *request,
                         struct timespec *remaining)
{
    uint64_t ns;
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME)
        return -EINVAL;
    int error = timespec_from_user(request, &ns);
    if (error)
        return error;
    if (!(flags & TIMER_ABSTIME))
        return sleep_until(time_after(clock_now_ns(), ns), remaining);
    uint64_t offset = clock == CLOCK_REALTIME ? realtime_offset_ns() : 0;
    return sleep_until(ns > offset ? ns - offset : 0, NULL);
}
