/* detached.c - threads that nobody waits for, and some made without pthread_create. */
#define _GNU_SOURCE
#include "probe.h"

#include <onering/syscalls.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>
#include <stdio.h>

static unsigned long sum; /* atomic */

static void *add(void *arg)
{
    __atomic_add_fetch(&sum, (unsigned long)arg, __ATOMIC_RELAXED);
    return NULL;
}

/* detached COUNT VALUE */
void run_detached(char **args)
{
    unsigned long threads = number_of(args[0]), value = number_of(args[1]), made = 0;
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    for (unsigned long i = 0; i < threads; i++) {
        pthread_t thread;
        made += pthread_create(&thread, &attr, add, (void *)value) == 0;
        sys_sched_yield();
    }
    for (int i = 0; i < 100 && sum != made * value; i++)
        sys_sched_yield();
    printf("detached %lu of %lu, sum %lu\n", made, threads, sum);
}

/* What the function that clone() starts was given, and what it found. */
static struct given {
    unsigned long value, seen, tp;
    int misaligned;
} given;

static int report(void *arg)
{
    struct given *to = arg;
    to->seen = to->value;
    to->tp = (unsigned long)__builtin_thread_pointer();
    to->misaligned = (int)((uintptr_t)__builtin_frame_address(0) % 16);
    return 0;
}

enum { FLAGS = CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD };

/* clone VALUE OFFSET: a function on a stack whose top is so many bytes off */
void clone_function(char **args)
{
    static _Alignas(16) char stack[16384];
    static int parent_tid, child_tid;
    child_tid = 1;
    given.value = number_of(args[0]);
    void *top = stack + sizeof(stack) - 64 + number_of(args[1]);
    int flags = FLAGS | CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID;
    int child = clone(report, top, flags, &given, &parent_tid, (void *)given.value, &child_tid);
    for (int i = 0; i < 1000 && __atomic_load_n(&child_tid, __ATOMIC_ACQUIRE); i++)
        sys_sched_yield();
    printf("clone: child %d, value %lu, tp %lu, sp %d off, ended %d\n",
           child > 0 && child == parent_tid, given.seen, given.tp, given.misaligned, !child_tid);
}

static int first_thread = 1; /* 0: has ended */

static int return_last(void *arg)
{
    while (__atomic_load_n(&first_thread, __ATOMIC_ACQUIRE))
        sys_sched_yield();
    return (int)(uintptr_t)arg;
}

/* last VALUE: the first thread ends; the program ends with what the function of the other one returns */
void return_as_last(char **args)
{
    static _Alignas(16) char stack[16384];
    sys_set_tid_address(&first_thread);
    clone(return_last, stack + sizeof(stack), FLAGS, (void *)number_of(args[0]));
    sys_exit(0);
}
