/* fp.c - keeping values in floating-point registers for long, and computing with them. */
#include "fp.h"

#include "check.h"

#include <sched.h>
#include <stdint.h>

enum { ROUNDS = 40 };

void fp_holds(unsigned long seed)
{
    for (int i = 0; i < ROUNDS; i++) {
        EQUAL(fp_changed(seed, 100000, 0), 0); /* long enough to lose the processor */
        EQUAL(fp_changed(~seed, 50, 1), 0);
    }
}

void *fp_holds_in_thread(void *arg)
{
    fp_holds((unsigned long)(intptr_t)arg << 32 | 0x15);
    return NULL;
}

void *fp_computes(void *arg)
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
