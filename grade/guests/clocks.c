/* Clocks and sleeping. */
#include "check.h"

#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

enum { READS = 20000, NAP_MS = 30 };

static double now(clockid_t id)
{
    struct timespec ts;
    CHECK(clock_gettime(id, &ts) == 0 && ts.tv_nsec >= 0 && ts.tv_nsec < 1000000000);
    return (double)ts.tv_sec + (double)ts.tv_nsec * 1e-9;
}

static void check_monotonic(void)
{
    double last = now(CLOCK_MONOTONIC);
    for (int i = 0; i < READS; i++) {
        double next = now(CLOCK_MONOTONIC);
        CHECK(next >= last);
        last = next;
    }
}

static void check_nap(void)
{
    struct timespec nap = {0, NAP_MS * 1000000}, left;
    double start = now(CLOCK_MONOTONIC);
    CHECK(nanosleep(&nap, &left) == 0);
    CHECK(now(CLOCK_MONOTONIC) - start >= NAP_MS * 1e-3);
    start = now(CLOCK_MONOTONIC);
    CHECK(usleep(NAP_MS * 1000) == 0);
    CHECK(now(CLOCK_MONOTONIC) - start >= NAP_MS * 1e-3);
    nap.tv_nsec = 1000000000;
    CHECK(nanosleep(&nap, NULL) < 0 && errno == EINVAL);
}

static void check_date(void)
{
    struct timeval tv;
    struct tm tm;
    time_t seconds = time(NULL);
    CHECK(gettimeofday(&tv, NULL) == 0 && tv.tv_sec - seconds >= 0 && tv.tv_sec - seconds < 30);
    CHECK(gmtime_r(&seconds, &tm) && tm.tm_year >= 120);
    CHECK(now(CLOCK_REALTIME) - (double)seconds < 30);
}

static void check_processor_time(void)
{
    double begun = now(CLOCK_MONOTONIC);
    clock_t start = clock();
    struct tms tms;
    CHECK(start != (clock_t)-1 && times(&tms) != (clock_t)-1);
    while (clock() - start < CLOCKS_PER_SEC / 50)
        ;
    CHECK(now(CLOCK_MONOTONIC) - begun > 0.0199); /* one thread, one processor; clock() cuts */
    CHECK(sysconf(_SC_CLK_TCK) == 100);
}

int main(void)
{
    check_monotonic();
    check_nap();
    check_date();
    check_processor_time();
    puts("clocks ok");
    return 0;
}
