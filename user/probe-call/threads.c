/* threads.c - what a thread has for itself: its number, errno, thread-local variables, registers. */
#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <onering/syscalls.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { THREADS_MAX = 12, SAVED = 12, AT_CHILD = 16, REGS = 32, STACK = 16384, PAGE = 4096 };

static struct worker {
    pthread_t thread;
    unsigned long seed, rounds;
    unsigned long first, last; /* of its thread-local variable */
    long number_before, number_after;
    int error; /* errno at the end */
} workers[THREADS_MAX];

static __thread unsigned long local = 42;

static void *work(void *arg)
{
    struct worker *me = arg;
    me->number_before = sys_gettid();
    me->first = local;
    local = me->seed;
    errno = (int)(me->seed % 4000);
    for (unsigned long i = 0; i < me->rounds; i++) {
        next_number(&local);
        sys_sched_yield();
    }
    me->last = local;
    me->error = errno;
    me->number_after = sys_gettid();
    return me;
}

/* threads ROUNDS SEED,SEED,... */
void run_threads(char **args)
{
    int count = 0;
    for (char *seed = args[1]; seed && count < THREADS_MAX; count++) {
        workers[count].rounds = number_of(args[0]);
        workers[count].seed = number_of(seed);
        seed = strchr(seed, ',');
        seed += seed != NULL;
    }
    errno = 77;
    for (int i = 0; i < count; i++)
        if (pthread_create(&workers[i].thread, NULL, work, &workers[i]) != 0)
            printf("pthread_create failed\n");
    for (int i = 0; i < count; i++) {
        void *result = NULL;
        pthread_join(workers[i].thread, &result);
        const struct worker *of = &workers[i];
        printf("thread %lu: %lu, then %lu, errno %d, number %ld %ld, result %d\n", of->seed,
               of->first, of->last, of->error, of->number_before, of->number_after, result == of);
    }
    printf("main: %lu, errno %d, number %ld\n", local, errno, (long)sys_gettid());
}

static volatile unsigned long flag;

static void *raise_flag(void *arg)
{
    flag = *(unsigned long *)arg;
    return NULL;
}

/* spin VALUE: this thread asks for its number, and then waits without a call for what another one
 * stores. That one needs the hart, so this one must be interrupted. */
void wait_by_spinning(char **args)
{
    unsigned long value = number_of(args[0]);
    pthread_t other;
    pthread_create(&other, NULL, raise_flag, &value);
    long number = sys_gettid();
    while (flag == 0)
        continue;
    printf("spin %lu, number %d\n", flag, number == sys_gettid());
    flag = 0;
    pthread_join(other, NULL);
}

/* clone SEED TLS: a thread by nothing but the call, with s0 to s11 made from the seed. With TLS 0 it
 * asks for no thread-local storage of its own. */
void clone_raw(char **args)
{
    static unsigned long regs[REGS];
    unsigned long state = number_of(args[0]), tls = number_of(args[1]);
    unsigned long mine = (unsigned long)__builtin_thread_pointer();
    volatile unsigned long *done = &regs[REGS - 1];
    char *stack = (char *)aligned_alloc(16, STACK) + STACK;
    memset(regs, 0, sizeof(regs));
    for (int i = 0; i < SAVED; i++)
        regs[i] = next_number(&state);
    unsigned long flags = CLONE_VM | CLONE_SIGHAND | CLONE_THREAD | (tls ? CLONE_SETTLS : 0);
    long child = raw_clone(flags, stack, tls, regs);
    while (child > 0 && !*done)
        sys_sched_yield();
    printf("clone: %s, same as mine %d, tp %lx, sp %d, s", child > 0 ? "a child" : "none",
           (unsigned long)__builtin_thread_pointer() == mine,
           tls ? regs[AT_CHILD + SAVED] : regs[AT_CHILD + SAVED] - mine,
           regs[AT_CHILD + SAVED + 1] == (unsigned long)stack - 16);
    for (int i = 0; i < SAVED; i++)
        printf(" %lx", regs[AT_CHILD + i]);
    printf("\n");
}

/* lib/clone.S */
long __clone_thread(void *stack_top, unsigned long flags, int *parent_tid, void *tls,
                    int *child_tid, void (*fn)(void));

static void dig(void)
{
    void (*volatile deeper)(void) = dig;
    char room[256];
    memset(room, 1, sizeof(room));
    deeper();
    memset(room, 0, sizeof(room)); /* or the call above would be a jump */
}

/* overflow PAGES: a thread uses up its stack of so many pages, behind which is one that nobody may touch */
void overflow_stack(char **args)
{
    size_t size = number_of(args[0]) * PAGE;
    char *guard =
        mmap(NULL, PAGE + size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    char *stack = guard + PAGE;
    mprotect(guard, PAGE, PROT_NONE);
    printf("overflow: %p..%p\n", (void *)stack, (void *)(stack + size - 16)); /* dig lies there */
    fflush(stdout);
    __clone_thread(stack + size, CLONE_VM | CLONE_SIGHAND | CLONE_THREAD, NULL, NULL, NULL, dig);
    for (;;)
        sys_sched_yield();
}

static __thread unsigned long counter;

static void *count_up(void *arg)
{
    unsigned long limit = (unsigned long)arg;
    for (unsigned long i = 0; i < limit; i++)
        *(volatile unsigned long *)&counter += 1;
    return (void *)counter;
}

/* count LIMIT: two threads count, each in a variable of its own, and are interrupted now and then */
void count_both(char **args)
{
    void *limit = (void *)number_of(args[0]), *other = NULL;
    pthread_t thread;
    pthread_create(&thread, NULL, count_up, limit);
    unsigned long mine = (unsigned long)count_up(limit);
    pthread_join(thread, &other);
    printf("count %lu and %lu\n", mine, (unsigned long)other);
}
