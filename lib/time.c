/* time.c - reading clocks and sleeping. */
#include "libc.h"

#include <errno.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t clock, struct timespec *ts)
{
    return (int)__sysret(sys_clock_gettime(clock, ts));
}

time_t time(time_t *out)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    if (out != NULL)
        *out = now.tv_sec;
    return now.tv_sec;
}

int gettimeofday(struct timeval *restrict tv, void *restrict tz)
{
    return (int)__sysret(sys_gettimeofday(tv, tz));
}

clock_t clock(void)
{
    struct timespec used;
    if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used) != 0)
        return -1;
    return used.tv_sec * CLOCKS_PER_SEC + used.tv_nsec / 1000;
}

clock_t times(struct tms *buf)
{
    return __sysret(sys_times(buf));
}

int nanosleep(const struct timespec *want, struct timespec *left)
{
    return (int)__sysret(sys_nanosleep(want, left));
}

/* By POSIX this one returns the error number itself. */
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *want, struct timespec *left)
{
    return (int)-sys_clock_nanosleep(clock, flags, want, left);
}

unsigned sleep(unsigned seconds)
{
    struct timespec ts = {seconds, 0}, left = {0, 0};
    return nanosleep(&ts, &left) == 0 ? 0 : (unsigned)left.tv_sec;
}

int usleep(useconds_t usec)
{
    struct timespec ts = {usec / 1000000, usec % 1000000 * 1000L};
    return nanosleep(&ts, NULL);
}

double difftime(time_t later, time_t earlier)
{
    return (double)(later - earlier);
}
