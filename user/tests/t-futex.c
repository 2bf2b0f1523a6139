/* t-futex - sleeping on a word: what is compared, who is woken, how long it takes. */
#include "check.h"

#include <errno.h>
#include <limits.h>
#include <onering/syscalls.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { WAIT = 0, WAKE = 1, WAIT_BITSET = 9, WAKE_BITSET = 10, PRIVATE = 128, NSLEEPERS = 6 };

static unsigned word;
static int awake; /* changed atomically */

static long futex(unsigned *addr, int op, unsigned value, const struct timespec *timeout,
                  unsigned mask)
{
    return sys_futex(addr, op, value, (unsigned long)timeout, NULL, mask);
}

static void test_compare(void)
{
    struct timespec short_time = {0, 20000000};
    word = 5;
    EQUAL(futex(&word, WAIT, 6, NULL, 0), -EAGAIN);
    EQUAL(futex(&word, WAIT | PRIVATE, 4, NULL, 0), -EAGAIN);
    long begin = now_ms();
    EQUAL(futex(&word, WAIT, 5, &short_time, 0), -ETIMEDOUT);
    CHECK(now_ms() - begin >= 19);
    EQUAL(futex(&word, WAKE, 1, NULL, 0), 0); /* nobody is there */
    EQUAL(futex(&word, WAKE, INT_MAX, NULL, 0), 0);
    struct timespec bad = {0, -1};
    EQUAL(futex(&word, WAIT, 5, &bad, 0), -EINVAL);
    EQUAL(futex(&word, WAIT_BITSET, 5, NULL, 0), -EINVAL); /* no bits: could never wake */
}

static void test_deadline(void)
{
    struct timespec deadline;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_nsec += 20000000;
    deadline.tv_sec += deadline.tv_nsec / 1000000000;
    deadline.tv_nsec %= 1000000000;
    long begin = now_ms();
    EQUAL(futex(&word, WAIT_BITSET, word, &deadline, ~0U), -ETIMEDOUT);
    CHECK(now_ms() - begin >= 19 && now_ms() - begin < 5000);
    deadline = (struct timespec){0, 1}; /* long past */
    EQUAL(futex(&word, WAIT_BITSET, word, &deadline, ~0U), -ETIMEDOUT);
}

static void *sleeper(void *arg)
{
    unsigned mask = (unsigned)(uintptr_t)arg;
    long r = mask != 0 ? futex(&word, WAIT_BITSET | PRIVATE, 0, NULL, mask)
                       : futex(&word, WAIT | PRIVATE, 0, NULL, 0);
    EQUAL(r, 0);
    __atomic_add_fetch(&awake, 1, __ATOMIC_SEQ_CST);
    return NULL;
}

static int awake_after(int expected)
{
    for (int i = 0; i < 3000 && __atomic_load_n(&awake, __ATOMIC_SEQ_CST) < expected; i++)
        sleep_ms(1);
    sleep_ms(10); /* too many would show now */
    return __atomic_load_n(&awake, __ATOMIC_SEQ_CST);
}

static void start_sleepers(pthread_t *t, unsigned (*mask)(int))
{
    word = 0;
    awake = 0;
    for (int i = 0; i < NSLEEPERS; i++)
        EQUAL(pthread_create(&t[i], NULL, sleeper, (void *)(uintptr_t)mask(i)), 0);
    sleep_ms(20); /* until most of them sleep: for the others see wake() */
}

/* How many were woken. Who is not yet asleep is waited for, so that nothing depends on time; never may
 * there be more than were asked for. */
static long wake(int op, unsigned most, unsigned mask, long expected)
{
    long woken = 0;
    for (int i = 0; i < 3000 && woken < expected; i++) {
        woken += futex(&word, op | PRIVATE, most == INT_MAX ? most : most - woken, NULL, mask);
        if (woken < expected)
            sleep_ms(1);
    }
    return woken;
}

static void join_all(pthread_t *t)
{
    for (int i = 0; i < NSLEEPERS; i++)
        pthread_join(t[i], NULL);
}

static unsigned no_mask(int i)
{
    (void)i;
    return 0;
}

static unsigned odd_or_even(int i)
{
    return i % 2 ? 1 : 2;
}

static void test_wake(void)
{
    pthread_t t[NSLEEPERS];
    start_sleepers(t, no_mask);
    EQUAL(wake(WAKE, 1, 0, 1), 1);
    EQUAL(awake_after(1), 1);
    EQUAL(wake(WAKE, 2, 0, 2), 2);
    EQUAL(awake_after(3), 3);
    EQUAL(wake(WAKE, INT_MAX, 0, NSLEEPERS - 3), NSLEEPERS - 3);
    join_all(t);
    start_sleepers(t, odd_or_even);
    EQUAL(futex(&word, WAKE_BITSET | PRIVATE, INT_MAX, NULL, 4), 0);
    EQUAL(wake(WAKE_BITSET, INT_MAX, 1, NSLEEPERS / 2), NSLEEPERS / 2);
    EQUAL(awake_after(NSLEEPERS / 2), NSLEEPERS / 2);
    EQUAL(wake(WAKE, INT_MAX, 0, NSLEEPERS / 2), NSLEEPERS / 2);
    join_all(t);
}

/* A lock by futex alone, hammered: any lost wake-up hangs here. */
static unsigned lock_word;
static long counter;

static void *hammer(void *arg)
{
    for (int i = 0; i < 5000; i++) {
        if (__atomic_exchange_n(&lock_word, 1, __ATOMIC_ACQUIRE) != 0)
            while (__atomic_exchange_n(&lock_word, 2, __ATOMIC_ACQUIRE) != 0)
                futex(&lock_word, WAIT | PRIVATE, 2, NULL, 0);
        counter++;
        if (__atomic_exchange_n(&lock_word, 0, __ATOMIC_RELEASE) == 2)
            futex(&lock_word, WAKE | PRIVATE, 1, NULL, 0);
    }
    return arg;
}

static void test_hammer(void)
{
    pthread_t t[NSLEEPERS];
    for (int i = 0; i < NSLEEPERS; i++)
        EQUAL(pthread_create(&t[i], NULL, hammer, NULL), 0);
    join_all(t);
    EQUAL(counter, 5000 * NSLEEPERS);
}

/* Two threads wake each other in turn: each sleep must see the other's store. */
static unsigned turn;

static void *take_turns(void *arg)
{
    unsigned me = (unsigned)(uintptr_t)arg;
    for (int i = 0; i < 2000; i++) {
        unsigned seen;
        while ((seen = __atomic_load_n(&turn, __ATOMIC_ACQUIRE)) % 2 != me)
            futex(&turn, WAIT | PRIVATE, seen, NULL, 0);
        __atomic_add_fetch(&turn, 1, __ATOMIC_RELEASE);
        futex(&turn, WAKE | PRIVATE, 1, NULL, 0);
    }
    return NULL;
}

static void test_turns(void)
{
    pthread_t a, b;
    EQUAL(pthread_create(&a, NULL, take_turns, (void *)0), 0);
    EQUAL(pthread_create(&b, NULL, take_turns, (void *)1), 0);
    pthread_join(a, NULL);
    pthread_join(b, NULL);
    EQUAL(turn, 4000);
}

int main(void)
{
    test_compare();
    test_deadline();
    test_wake();
    test_hammer();
    test_turns();
    return check_end("t-futex");
}
