/* Clocks, sleeping, calendar time. */
#ifndef _TIME_H
#define _TIME_H

#include <sys/types.h>

#define CLOCK_REALTIME           0
#define CLOCK_MONOTONIC          1
#define CLOCK_PROCESS_CPUTIME_ID 2
#define CLOCK_THREAD_CPUTIME_ID  3
#define TIMER_ABSTIME            1
#define CLOCKS_PER_SEC           1000000L

struct timespec {
    time_t tv_sec;
    long tv_nsec;
};

struct tm {
    int tm_sec;
    int tm_min;
    int tm_hour;
    int tm_mday;
    int tm_mon;  /* 0 is January */
    int tm_year; /* since 1900 */
    int tm_wday; /* 0 is Sunday */
    int tm_yday;
    int tm_isdst;
};

time_t time(time_t *out);
clock_t clock(void);
int clock_gettime(clockid_t clock, struct timespec *ts);
int clock_nanosleep(clockid_t clock, int flags, const struct timespec *want, struct timespec *left);
int nanosleep(const struct timespec *want, struct timespec *left);
struct tm *gmtime(const time_t *t);
struct tm *gmtime_r(const time_t *restrict t, struct tm *restrict tm);
struct tm *localtime(const time_t *t);
struct tm *localtime_r(const time_t *restrict t, struct tm *restrict tm);
time_t mktime(struct tm *tm);
double difftime(time_t later, time_t earlier);
size_t strftime(char *restrict s, size_t size, const char *restrict fmt,
                const struct tm *restrict tm);

#endif
