/*
 * t-fp - every floating-point register keeps its value in each of several threads, while others compute
 * with all of theirs, and across system calls.
 */
#include "check.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>

enum { NTHREADS = 4, ROUNDS = 40 };

static void hold(unsigned long seed)
{
    for (int i = 0; i < ROUNDS; i++) {
        EQUAL(fp_changed(seed, 100000, 0), 0); /* long enough to lose the processor */
        EQUAL(fp_changed(~seed, 50, 1), 0);
    }
}

static void *thread(void *arg)
{
    hold((unsigned long)(intptr_t)arg << 32 | 0x15);
    return NULL;
}

/* A sum that comes out wrong if a register is lost: 1 + 1/2 + 1/4 ... */
static void *compute(void *arg)
{
    for (int round = 0; round < 200; round++) {
        volatile double sum = 0, term = 1;
        for (int i = 0; i < 50; i++) {
            sum += term;
            term /= 2;
            if (i % 10 == 0)
                sched_yield();
        }
        CHECK(sum == 2 - 4 * (term / 2));
    }
    return arg;
}

int main(void)
{
    pthread_t t[NTHREADS];
    for (long i = 0; i < NTHREADS; i++)
        EQUAL(pthread_create(&t[i], NULL, i % 2 ? thread : compute, (void *)(i + 1)), 0);
    hold(0x123456789abcdef);
    for (int i = 0; i < NTHREADS; i++)
        pthread_join(t[i], NULL);
    return check_end("t-fp");
}
