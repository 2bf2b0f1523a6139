/*
 * pthread_cond.c - waiting for a condition.
 *
 * A signal moves seq. A waiter reads seq while it still holds the mutex and sleeps only if seq has
 * not moved since: a signal between its unlock and its sleep is not lost, because the futex call
 * compares and falls asleep in one step. (It would be, if exactly 2^32 signals came in between.)
 */
#include "futex.h"

#include <errno.h>

int pthread_cond_init(pthread_cond_t *c, const pthread_condattr_t *attr)
{
    *c = (pthread_cond_t){.clock = attr != NULL ? attr->clock : CLOCK_REALTIME};
    return 0;
}

int pthread_cond_destroy(pthread_cond_t *c)
{
    (void)c;
    return 0;
}

int pthread_cond_wait(pthread_cond_t *c, pthread_mutex_t *m)
{
    unsigned seq = __atomic_load_n(&c->seq, __ATOMIC_ACQUIRE);
    pthread_mutex_unlock(m);
    futex_wait(&c->seq, (int)seq);
    return pthread_mutex_lock(m);
}

int pthread_cond_timedwait(pthread_cond_t *c, pthread_mutex_t *m, const struct timespec *deadline)
{
    if (deadline->tv_nsec < 0 || deadline->tv_nsec >= 1000000000)
        return EINVAL;
    unsigned seq = __atomic_load_n(&c->seq, __ATOMIC_ACQUIRE);
    pthread_mutex_unlock(m);
    long r = futex_wait_until(&c->seq, (int)seq, c->clock, deadline);
    pthread_mutex_lock(m);
    return r == -ETIMEDOUT ? ETIMEDOUT : 0;
}

static int move(pthread_cond_t *c, int wake)
{
    __atomic_add_fetch(&c->seq, 1, __ATOMIC_ACQ_REL);
    futex_wake(&c->seq, wake);
    return 0;
}

int pthread_cond_signal(pthread_cond_t *c)
{
    return move(c, 1);
}

int pthread_cond_broadcast(pthread_cond_t *c)
{
    return move(c, INT_MAX);
}

int pthread_condattr_init(pthread_condattr_t *attr)
{
    attr->clock = CLOCK_REALTIME;
    return 0;
}

int pthread_condattr_destroy(pthread_condattr_t *attr)
{
    (void)attr;
    return 0;
}

int pthread_condattr_setclock(pthread_condattr_t *attr, clockid_t clock)
{
    if (clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC)
        return EINVAL;
    attr->clock = clock;
    return 0;
}
