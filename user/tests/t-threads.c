/* t-threads - threads and what they share, thread-local variables, mutexes, conditions. */
#include "check.h"
#include "threads.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { NTHREADS = 8 };

/* ---- life ---- */

static void *give_back(void *arg)
{
    return (char *)arg + 1;
}

static void *leave_early(void *arg)
{
    pthread_exit((char *)arg + 2);
}

static void *join_parent(void *arg)
{
    EQUAL(pthread_join(pthread_self(), NULL), EDEADLK);
    return arg;
}

static void test_life(void)
{
    pthread_t t[NTHREADS];
    for (int i = 0; i < NTHREADS; i++)
        t[i] = start_thread(i % 2 ? give_back : leave_early, (void *)(intptr_t)(10 * i));
    for (int i = 0; i < NTHREADS; i++)
        EQUAL(join_thread(t[i]), 10 * i + (i % 2 ? 1 : 2));
    join_thread(start_thread(join_parent, NULL));
    for (int i = 0; i < 300; i++) /* stacks are given back, or this runs out of memory */
        EQUAL(join_thread(start_thread(give_back, (void *)5)), 6);
}

static int detached_runs;

static void *run_detached(void *arg)
{
    __atomic_add_fetch((int *)arg, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

static void test_detached(void)
{
    pthread_attr_t attr;
    pthread_t t;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    for (int i = 0; i < 100; i++) {
        if (i % 2)
            EQUAL(pthread_create(&t, &attr, run_detached, &detached_runs), 0);
        else
            EQUAL(pthread_detach(start_thread(run_detached, &detached_runs)), 0);
    }
    for (int i = 0; i < 1000 && __atomic_load_n(&detached_runs, __ATOMIC_SEQ_CST) < 100; i++)
        sleep_ms(1);
    EQUAL(detached_runs, 100);
}

/* ---- thread-local variables ---- */

static _Thread_local int local = 42;
static _Thread_local char local_zero[100];

static void *use_local(void *arg)
{
    CHECK(local == 42 && local_zero[99] == 0);
    CHECK((uintptr_t)&local % sizeof(int) == 0);
    for (int i = 0; i < 200; i++) {
        local = (int)(intptr_t)arg + i;
        local_zero[99] = (char)i;
        errno = local;
        sched_yield();
        CHECK(local == (int)(intptr_t)arg + i && local_zero[99] == (char)i && errno == local);
    }
    return NULL;
}

static void test_local(void)
{
    pthread_t t[NTHREADS];
    local = 7;
    for (int i = 0; i < NTHREADS; i++)
        t[i] = start_thread(use_local, (void *)(intptr_t)(1000 * i));
    for (int i = 0; i < NTHREADS; i++)
        join_thread(t[i]);
    EQUAL(local, 7);
}

static pthread_key_t key;
static int destroyed;

static void destroy(void *value)
{
    __atomic_add_fetch(&destroyed, (int)(intptr_t)value, __ATOMIC_SEQ_CST);
}

static void *use_key(void *arg)
{
    CHECK(pthread_getspecific(key) == NULL);
    EQUAL(pthread_setspecific(key, arg), 0);
    CHECK(pthread_getspecific(key) == arg);
    return NULL;
}

static void test_keys(void)
{
    EQUAL(pthread_key_create(&key, destroy), 0);
    join_thread(start_thread(use_key, (void *)3));
    join_thread(start_thread(use_key, (void *)4));
    EQUAL(destroyed, 7);
    EQUAL(pthread_key_delete(key), 0);
}

/* ---- mutexes ---- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static long counter; /* guarded by lock */

static void *count(void *arg)
{
    for (int i = 0; i < 3000; i++) {
        pthread_mutex_lock(&lock);
        long seen = counter;
        if (i % 500 == 0)
            sched_yield(); /* let others try while it is held */
        counter = seen + 1;
        pthread_mutex_unlock(&lock);
    }
    return arg;
}

static void test_counter(void)
{
    pthread_t t[NTHREADS];
    for (int i = 0; i < NTHREADS; i++)
        t[i] = start_thread(count, NULL);
    for (int i = 0; i < NTHREADS; i++)
        join_thread(t[i]);
    EQUAL(counter, 3000 * NTHREADS);
}

static void *try_lock(void *m)
{
    return (void *)(intptr_t)pthread_mutex_trylock(m);
}

static void test_mutex_types(void)
{
    pthread_mutex_t m;
    pthread_mutexattr_t attr;
    pthread_mutexattr_init(&attr);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_RECURSIVE);
    pthread_mutex_init(&m, &attr);
    EQUAL(pthread_mutex_lock(&m), 0);
    EQUAL(pthread_mutex_lock(&m), 0);
    EQUAL(pthread_mutex_unlock(&m), 0);
    EQUAL(join_thread(start_thread(try_lock, &m)), EBUSY); /* held once still */
    EQUAL(pthread_mutex_unlock(&m), 0);
    EQUAL(pthread_mutex_unlock(&m), EPERM);
    pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
    pthread_mutex_init(&m, &attr);
    EQUAL(pthread_mutex_lock(&m), 0);
    EQUAL(pthread_mutex_lock(&m), EDEADLK);
    EQUAL(pthread_mutex_unlock(&m), 0);
    EQUAL(pthread_mutex_destroy(&m), 0);
}

/* ---- conditions ---- */

static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int ball; /* guarded by lock */

static void *play(void *arg)
{
    int me = (int)(intptr_t)arg;
    for (int i = 0; i < 500; i++) {
        pthread_mutex_lock(&lock);
        while (ball % 2 != me)
            pthread_cond_wait(&changed, &lock);
        ball++;
        pthread_cond_signal(&changed);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static int gate, passed; /* guarded by lock */

static void *pass_gate(void *arg)
{
    pthread_mutex_lock(&lock);
    while (!gate)
        pthread_cond_wait(&changed, &lock);
    passed++;
    pthread_mutex_unlock(&lock);
    return arg;
}

static void test_conditions(void)
{
    pthread_t a = start_thread(play, (void *)0), b = start_thread(play, (void *)1), t[NTHREADS];
    join_thread(a);
    join_thread(b);
    EQUAL(ball, 1000);
    for (int i = 0; i < NTHREADS; i++)
        t[i] = start_thread(pass_gate, NULL);
    sleep_ms(20);
    pthread_mutex_lock(&lock);
    EQUAL(passed, 0);
    gate = 1;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    for (int i = 0; i < NTHREADS; i++)
        join_thread(t[i]);
    EQUAL(passed, NTHREADS);
}

static void test_timed_wait(void)
{
    pthread_cond_t never;
    pthread_condattr_t attr;
    struct timespec deadline;
    pthread_condattr_init(&attr);
    for (int clock = CLOCK_REALTIME; clock <= CLOCK_MONOTONIC; clock++) {
        EQUAL(pthread_condattr_setclock(&attr, clock), 0);
        pthread_cond_init(&never, &attr);
        clock_gettime(clock, &deadline);
        deadline.tv_nsec += 50000000;
        deadline.tv_sec += deadline.tv_nsec / 1000000000;
        deadline.tv_nsec %= 1000000000;
        long begin = now_ms();
        int r = 0;
        pthread_mutex_lock(&lock);
        while (r == 0)
            r = pthread_cond_timedwait(&never, &lock, &deadline);
        pthread_mutex_unlock(&lock);
        EQUAL(r, ETIMEDOUT);
        CHECK(now_ms() - begin >= 49 && now_ms() - begin < 5000);
    }
}

static pthread_once_t once = PTHREAD_ONCE_INIT;
static int once_runs;

static void run_once(void)
{
    sleep_ms(10);
    once_runs++;
}

static void *call_once(void *arg)
{
    pthread_once(&once, run_once);
    EQUAL(once_runs, 1);
    return arg;
}

static void test_once(void)
{
    pthread_t t[NTHREADS];
    for (int i = 0; i < NTHREADS; i++)
        t[i] = start_thread(call_once, NULL);
    for (int i = 0; i < NTHREADS; i++)
        join_thread(t[i]);
}

/* ---- the heap and files, used by all ---- */

static void *use_heap(void *arg)
{
    unsigned seed = (unsigned)(intptr_t)arg;
    char *blocks[16] = {0};
    size_t sizes[16] = {0};
    for (int i = 0; i < 2000; i++) {
        seed = seed * 1103515245 + 12345;
        int k = (seed >> 16) % 16;
        for (size_t b = 0; b < sizes[k]; b++)
            if (blocks[k][b] != (char)(k + sizes[k])) {
                check_fail("a block of the heap has changed");
                return NULL;
            }
        sizes[k] = (seed >> 20) % 700;
        blocks[k] = realloc(blocks[k], sizes[k] + 1);
        CHECK(blocks[k] != NULL);
        memset(blocks[k], (char)(k + sizes[k]), sizes[k]);
    }
    for (int k = 0; k < 16; k++)
        free(blocks[k]);
    return NULL;
}

static void test_heap(void)
{
    pthread_t t[NTHREADS];
    for (int i = 0; i < NTHREADS; i++)
        t[i] = start_thread(use_heap, (void *)(intptr_t)(i + 1));
    for (int i = 0; i < NTHREADS; i++)
        join_thread(t[i]);
}

static void *use_stack(void *arg)
{
    volatile char big[100000];
    for (size_t i = 0; i < sizeof(big); i += 100)
        big[i] = (char)i;
    sched_yield();
    for (size_t i = 0; i < sizeof(big); i += 100)
        if (big[i] != (char)i)
            check_fail("a stack has changed");
    return arg;
}

static void test_stacks(void)
{
    pthread_t t[NTHREADS];
    for (int i = 0; i < NTHREADS; i++)
        t[i] = start_thread(use_stack, NULL);
    for (int i = 0; i < NTHREADS; i++)
        join_thread(t[i]);
}

int main(void)
{
    test_life();
    test_detached();
    test_local();
    test_keys();
    test_counter();
    test_mutex_types();
    test_conditions();
    test_timed_wait();
    test_once();
    test_heap();
    test_stacks();
    return check_end("t-threads");
}
