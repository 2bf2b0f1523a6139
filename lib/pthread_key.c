/* pthread_key.c - values that each thread has its own of, by key. */
#include "libc.h"

#include <errno.h>
#include <limits.h>

static struct {
    int used;
    void (*destructor)(void *);
} keys[PTHREAD_KEYS_MAX];
static int lock; /* guards keys */

/* A destructor may set values again, so a few rounds. */
static void run_destructors(void)
{
    struct __thread_block *self = thread_block();
    for (int round = 0; round < PTHREAD_DESTRUCTOR_ITERATIONS; round++)
        for (int i = 0; i < PTHREAD_KEYS_MAX; i++) {
            void *value = self->specific[i];
            if (value == NULL || keys[i].destructor == NULL)
                continue;
            self->specific[i] = NULL;
            keys[i].destructor(value);
        }
}

int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
    int result = EAGAIN;
    libc_lock(&lock);
    __run_key_destructors = run_destructors;
    for (unsigned i = 0; i < PTHREAD_KEYS_MAX && result != 0; i++)
        if (!keys[i].used) {
            keys[i].used = 1;
            keys[i].destructor = destructor;
            *key = i;
            result = 0;
        }
    libc_unlock(&lock);
    return result;
}

int pthread_key_delete(pthread_key_t key)
{
    if (key >= PTHREAD_KEYS_MAX || !keys[key].used)
        return EINVAL;
    libc_lock(&lock);
    keys[key].destructor = NULL;
    keys[key].used = 0;
    libc_unlock(&lock);
    return 0;
}

int pthread_setspecific(pthread_key_t key, const void *value)
{
    if (key >= PTHREAD_KEYS_MAX || !keys[key].used)
        return EINVAL;
    thread_block()->specific[key] = (void *)value;
    return 0;
}

void *pthread_getspecific(pthread_key_t key)
{
    return key < PTHREAD_KEYS_MAX ? thread_block()->specific[key] : NULL;
}
