/* pthread_once.c - doing something exactly once: 0 not yet, 1 being done, 2 the same and others
 * sleep, 3 done. */
#include "futex.h"

enum { NOT_YET, BUSY, BUSY_WAITED_FOR, DONE };

int pthread_once(pthread_once_t *once, void (*fn)(void))
{
    int seen = NOT_YET;
    if (__atomic_compare_exchange_n(once, &seen, BUSY, 0, __ATOMIC_ACQUIRE, __ATOMIC_ACQUIRE)) {
        fn();
        if (__atomic_exchange_n(once, DONE, __ATOMIC_RELEASE) == BUSY_WAITED_FOR)
            futex_wake(once, INT_MAX);
        return 0;
    }
    while (seen != DONE) {
        if (seen == BUSY)
            __atomic_compare_exchange_n(once, &seen, BUSY_WAITED_FOR, 0, __ATOMIC_ACQUIRE,
                                        __ATOMIC_ACQUIRE);
        if (seen != DONE)
            futex_wait(once, BUSY_WAITED_FOR);
        seen = __atomic_load_n(once, __ATOMIC_ACQUIRE);
    }
    return 0;
}
