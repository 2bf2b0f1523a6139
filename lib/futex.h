/* futex.h - sleeping until a word changes. */
#ifndef LIB_FUTEX_H
#define LIB_FUTEX_H

#include "libc.h"

#include <limits.h>
#include <time.h>

enum {
    FUTEX_WAIT = 0,
    FUTEX_WAKE = 1,
    FUTEX_WAIT_BITSET = 9, /* its timeout is a point in time, not a span */
    FUTEX_PRIVATE = 128,
    FUTEX_CLOCK_REALTIME = 256,
    FUTEX_ANY = -1,
};

/* Sleeps if *word is still expected; may return early, so callers look again. */
static inline void futex_wait(const void *word, int expected)
{
    sys_futex((unsigned *)word, FUTEX_WAIT | FUTEX_PRIVATE, (unsigned)expected, 0, NULL, 0);
}

static inline long futex_wait_until(const void *word, int expected, int clock,
                                    const struct timespec *deadline)
{
    int op = FUTEX_WAIT_BITSET | FUTEX_PRIVATE;
    if (clock == CLOCK_REALTIME)
        op |= FUTEX_CLOCK_REALTIME;
    return sys_futex((unsigned *)word, op, (unsigned)expected, (unsigned long)deadline, NULL,
                     (unsigned)FUTEX_ANY);
}

static inline void futex_wake(const void *word, int n)
{
    sys_futex((unsigned *)word, FUTEX_WAKE | FUTEX_PRIVATE, (unsigned)n, 0, NULL, 0);
}

/*
 * The simplest lock that sleeps:
 *      0 free     1 held     2 held, and somebody may sleep
 * A thread that had to wait takes the lock with 2, for it cannot know whether it was the only one;
 * at worst that costs one needless wake-up.
 */
static inline void futex_lock(int *state)
{
    int seen = 0;
    if (__atomic_compare_exchange_n(state, &seen, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return;
    while (__atomic_exchange_n(state, 2, __ATOMIC_ACQUIRE) != 0)
        futex_wait(state, 2);
}

static inline void futex_unlock(int *state)
{
    if (__atomic_exchange_n(state, 0, __ATOMIC_RELEASE) == 2)
        futex_wake(state, 1);
}

#endif
