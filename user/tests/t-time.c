/* t-time - clocks do not go back, and sleeping takes at least so long. */
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long now_ns(int clock)
{
    struct timespec ts = {-1, -1};
    EQUAL(clock_gettime(clock, &ts), 0);
    CHECK(ts.tv_nsec >= 0 && ts.tv_nsec < 1000000000);
    return ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void test_monotonic(void)
{
    static const int clocks[] = {CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_PROCESS_CPUTIME_ID,
                                 CLOCK_THREAD_CPUTIME_ID};
    for (int c = 0; c < 4; c++) {
        long first = now_ns(clocks[c]), last = first, back = 0;
        for (int i = 0; i < 20000; i++) {
            long now = now_ns(clocks[c]);
            back += now < last;
            last = now;
            if (i % 1000 == 0)
                sched_yield(); /* perhaps to another hart */
        }
        EQUAL(back, 0);
        CHECK(last > first);
    }
}

static void test_sleep(void)
{
    static const long lengths[] = {0, 1, 1000, 100000, 5000000, 30000000};
    for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
        struct timespec want = {0, lengths[i]};
        long begin = now_ns(CLOCK_MONOTONIC);
        EQUAL(nanosleep(&want, NULL), 0);
        long took = now_ns(CLOCK_MONOTONIC) - begin;
        CHECK(took >= lengths[i] && took < lengths[i] + 2000000000);
    }
    long target = now_ns(CLOCK_MONOTONIC) + 20000000;
    struct timespec until = {target / 1000000000, target % 1000000000};
    EQUAL(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL), 0);
    CHECK(now_ns(CLOCK_MONOTONIC) >= target);
    long begin = now_ns(CLOCK_MONOTONIC);
    EQUAL(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL), 0); /* it is past */
    CHECK(now_ns(CLOCK_MONOTONIC) - begin < 1000000000);
}

static void *sleep_some(void *arg)
{
    long begin = now_ns(CLOCK_MONOTONIC);
    long ms = *(long *)arg;
    sleep_ms(ms);
    CHECK(now_ns(CLOCK_MONOTONIC) - begin >= ms * 1000000);
    return NULL;
}

/* Many sleepers with different ends, at the same time. */
static void test_sleepers(void)
{
    pthread_t t[10];
    static long lengths[] = {50, 10, 40, 20, 30, 50, 1, 5, 45, 10};
    long begin = now_ms();
    for (int i = 0; i < 10; i++)
        EQUAL(pthread_create(&t[i], NULL, sleep_some, &lengths[i]), 0);
    for (int i = 0; i < 10; i++)
        pthread_join(t[i], NULL);
    CHECK(now_ms() - begin >= 50);
}

static void test_agreement(void)
{
    struct timeval tv;
    EQUAL(gettimeofday(&tv, NULL), 0);
    long difference = now_ns(CLOCK_REALTIME) / 1000 - (tv.tv_sec * 1000000 + tv.tv_usec);
    CHECK(difference >= 0 && difference < 5000000);
    long t = time(NULL);
    CHECK(t >= tv.tv_sec && t <= tv.tv_sec + 5);
}

int main(void)
{
    test_monotonic();
    test_sleep();
    test_sleepers();
    test_agreement();
    return check_end("t-time");
}
