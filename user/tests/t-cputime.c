/* t-cputime - the time that a process and its children have spent computing. */
#include "check.h"

#include <sys/times.h>
#include <time.h>

static long now_ns(int clock)
{
    struct timespec ts = {-1, -1};
    EQUAL(clock_gettime(clock, &ts), 0);
    CHECK(ts.tv_nsec >= 0 && ts.tv_nsec < 1000000000);
    return ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static void burn(long ms)
{
    for (long begin = now_ms(); now_ms() - begin < ms;)
        continue;
}

static void burn_in_child(void *arg)
{
    burn(*(long *)arg);
}

static void test_processor_time(void)
{
    long begin = now_ns(CLOCK_PROCESS_CPUTIME_ID);
    sleep_ms(50);
    CHECK(now_ns(CLOCK_PROCESS_CPUTIME_ID) - begin < 45000000); /* sleeping costs nothing */
    burn(30);
    CHECK(now_ns(CLOCK_PROCESS_CPUTIME_ID) > begin);
    struct tms before, after;
    long ms = 200;
    CHECK(times(&before) != -1);
    EQUAL(in_child(burn_in_child, &ms), 0);
    CHECK(times(&after) != -1);
    CHECK(after.tms_cutime + after.tms_cstime > before.tms_cutime + before.tms_cstime);
}

int main(void)
{
    test_processor_time();
    return check_end("t-cputime");
}
