/*
 * pthread_create.c - the life of a thread.
 *
 * Stack and thread block (libc.h) are one mapping, lowest page a guard:
 *
 *      map -> | guard | stack, growing down ... | struct __thread_block | TLS |
 *                                                                     ^ tp
 *
 * No thread can unmap the stack it stands on. The kernel says when it is off it: it zeroes tid and
 * wakes whoever waits there (CLONE_CHILD_CLEARTID). Somebody else then frees the mapping:
 *
 *      JOINABLE --join--> the joiner waits for tid == 0, and unmaps
 *      JOINABLE --detach--> DETACHED     while it runs
 *      JOINABLE --exit--> EXITED --detach--> the detacher waits for tid == 0, and unmaps
 *      DETACHED --exit--> on the list; a later pthread_create unmaps those whose tid is 0
 *
 * fate moves by compare-and-exchange, so that exit and detach agree on who does it.
 */
#include "futex.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { PAGE_BYTES = 4096, DEFAULT_STACK = 256 * 1024 };

enum thread_fate { JOINABLE, DETACHED, EXITED };

enum {
    THREAD_FLAGS = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD |
                   CLONE_SYSVSEM | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID,
};

long __clone_thread(void *stack_top, unsigned long flags, int *parent_tid, void *tls,
                    int *child_tid, void (*fn)(void));

static int nthreads = 1;                /* the last one's pthread_exit is exit(0) */
static struct __thread_block *departed; /* detached threads that ended or are about to */
static int departed_lock;

static const struct thread_hooks hooks = {futex_lock, futex_unlock};

static void wait_until_gone(struct __thread_block *t)
{
    int tid;
    while ((tid = __atomic_load_n(&t->tid, __ATOMIC_ACQUIRE)) != 0)
        /* The kernel's wake-up is not a private one. */
        sys_futex((unsigned *)&t->tid, FUTEX_WAIT, (unsigned)tid, 0, NULL, 0);
}

static void unmap(struct __thread_block *t)
{
    if (t->map != NULL)
        sys_munmap(t->map, t->map_size);
}

static void unmap_departed(void)
{
    futex_lock(&departed_lock);
    for (struct __thread_block **at = &departed, *t; (t = *at) != NULL;) {
        if (__atomic_load_n(&t->tid, __ATOMIC_ACQUIRE) == 0) {
            *at = t->next;
            unmap(t);
        } else {
            at = &t->next;
        }
    }
    futex_unlock(&departed_lock);
}

_Noreturn void pthread_exit(void *result)
{
    struct __thread_block *self = thread_block();
    if (__run_key_destructors != NULL)
        __run_key_destructors();
    self->result = result;
    if (__atomic_sub_fetch(&nthreads, 1, __ATOMIC_ACQ_REL) == 0)
        exit(0);
    int fate = JOINABLE;
    if (!__atomic_compare_exchange_n(&self->fate, &fate, EXITED, 0, __ATOMIC_ACQ_REL,
                                     __ATOMIC_ACQUIRE)) {
        futex_lock(&departed_lock);
        self->next = departed;
        departed = self;
        futex_unlock(&departed_lock);
    }
    for (;;)
        sys_exit(0);
}

static _Noreturn void thread_main(void)
{
    struct __thread_block *self = thread_block();
    pthread_exit(self->fn(self->arg));
}

static size_t page_round_up(size_t n)
{
    return (n + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);
}

/* Maps guard, stack and block; returns the block, or NULL. */
static struct __thread_block *new_block(size_t stack_size)
{
    size_t n = PAGE_BYTES + page_round_up(stack_size + __tls_space());
    long r = sys_mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if ((unsigned long)r > -4096UL)
        return NULL;
    char *map = (char *)r;
    if (sys_mprotect(map, PAGE_BYTES, PROT_NONE) != 0) {
        sys_munmap(map, n);
        return NULL;
    }
    struct __thread_block *t = (struct __thread_block *)__tls_place(map + n - __tls_space()) - 1;
    t->map = map;
    t->map_size = n;
    return t;
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*fn)(void *), void *arg)
{
    __thread_hooks = &hooks;
    unmap_departed();
    size_t stack_size = attr != NULL && attr->stack_size != 0 ? attr->stack_size : DEFAULT_STACK;
    struct __thread_block *t = new_block(stack_size);
    if (t == NULL)
        return EAGAIN;
    t->fn = fn;
    t->arg = arg;
    t->fate = attr != NULL && attr->detached ? DETACHED : JOINABLE;
    void *stack_top = (void *)((unsigned long)t & ~15UL);
    *thread = t; /* before the thread can run and ask for it */

    __atomic_add_fetch(&nthreads, 1, __ATOMIC_ACQ_REL);
    long tid = __clone_thread(stack_top, THREAD_FLAGS, &t->tid, t + 1, &t->tid, thread_main);
    if (tid > 0)
        return 0;
    __atomic_sub_fetch(&nthreads, 1, __ATOMIC_ACQ_REL);
    unmap(t);
    return EAGAIN;
}

int pthread_join(pthread_t t, void **result)
{
    if (t == thread_block())
        return EDEADLK;
    if (__atomic_load_n(&t->fate, __ATOMIC_ACQUIRE) == DETACHED)
        return EINVAL;
    wait_until_gone(t);
    if (result != NULL)
        *result = t->result;
    unmap(t);
    return 0;
}

int pthread_detach(pthread_t t)
{
    int fate = JOINABLE;
    if (__atomic_compare_exchange_n(&t->fate, &fate, DETACHED, 0, __ATOMIC_ACQ_REL,
                                    __ATOMIC_ACQUIRE))
        return 0;
    return fate == EXITED ? pthread_join(t, NULL) : EINVAL;
}

pthread_t pthread_self(void)
{
    return thread_block();
}

int pthread_equal(pthread_t a, pthread_t b)
{
    return a == b;
}

int pthread_attr_init(pthread_attr_t *attr)
{
    *attr = (pthread_attr_t){0};
    return 0;
}

int pthread_attr_destroy(pthread_attr_t *attr)
{
    (void)attr;
    return 0;
}

int pthread_attr_setstacksize(pthread_attr_t *attr, size_t size)
{
    if (size < PTHREAD_STACK_MIN)
        return EINVAL;
    attr->stack_size = size;
    return 0;
}

int pthread_attr_setdetachstate(pthread_attr_t *attr, int state)
{
    attr->detached = state == PTHREAD_CREATE_DETACHED;
    return 0;
}
