/* pthread_mutex.c - mutual exclusion: the lock of futex.h, and an owner for the other two types. */
#include "futex.h"

#include <errno.h>

int pthread_mutex_init(pthread_mutex_t *m, const pthread_mutexattr_t *attr)
{
    *m = (pthread_mutex_t){.type = attr != NULL ? attr->type : PTHREAD_MUTEX_DEFAULT};
    return 0;
}

int pthread_mutex_destroy(pthread_mutex_t *m)
{
    return m->state == 0 ? 0 : EBUSY;
}

/* Only the owner itself ever stores its own name there, so a stale value cannot mislead it. */
static int is_mine(pthread_mutex_t *m)
{
    return m->type != PTHREAD_MUTEX_NORMAL &&
           __atomic_load_n(&m->owner, __ATOMIC_RELAXED) == thread_block();
}

static void taken(pthread_mutex_t *m)
{
    if (m->type != PTHREAD_MUTEX_NORMAL)
        __atomic_store_n(&m->owner, thread_block(), __ATOMIC_RELAXED);
}

int pthread_mutex_lock(pthread_mutex_t *m)
{
    if (is_mine(m)) {
        if (m->type == PTHREAD_MUTEX_ERRORCHECK)
            return EDEADLK;
        m->depth++;
        return 0;
    }
    futex_lock(&m->state);
    taken(m);
    return 0;
}

int pthread_mutex_trylock(pthread_mutex_t *m)
{
    if (is_mine(m)) {
        if (m->type == PTHREAD_MUTEX_ERRORCHECK)
            return EBUSY;
        m->depth++;
        return 0;
    }
    int seen = 0;
    if (!__atomic_compare_exchange_n(&m->state, &seen, 1, 0, __ATOMIC_ACQUIRE, __ATOMIC_RELAXED))
        return EBUSY;
    taken(m);
    return 0;
}

int pthread_mutex_unlock(pthread_mutex_t *m)
{
    if (m->type != PTHREAD_MUTEX_NORMAL) {
        if (!is_mine(m))
            return EPERM;
        if (m->depth > 0) {
            m->depth--;
            return 0;
        }
        __atomic_store_n(&m->owner, NULL, __ATOMIC_RELAXED);
    }
    futex_unlock(&m->state);
    return 0;
}

int pthread_mutexattr_init(pthread_mutexattr_t *attr)
{
    attr->type = PTHREAD_MUTEX_DEFAULT;
    return 0;
}

int pthread_mutexattr_destroy(pthread_mutexattr_t *attr)
{
    (void)attr;
    return 0;
}

int pthread_mutexattr_settype(pthread_mutexattr_t *attr, int type)
{
    if (type < PTHREAD_MUTEX_NORMAL || type > PTHREAD_MUTEX_ERRORCHECK)
        return EINVAL;
    attr->type = type;
    return 0;
}
