/*
 * t-stack - a stack grows as far as it may, and no further: running over its end kills the process,
 * and nobody else.
 */
#include "check.h"

#include <onering/syscalls.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static int recurse(volatile int depth)
{
    volatile char frame[1000];
    memset((char *)frame, depth, sizeof(frame));
    if (depth == 0)
        return frame[5];
    return recurse(depth - 1) + frame[3] * 0;
}

static void use_half_a_mebibyte(void *arg)
{
    (void)arg;
    CHECK(recurse(500) == 0);
}

static void overflow(void *arg)
{
    (void)arg;
    recurse(1 << 30);
}

static void *overflow_thread(void *arg)
{
    overflow(arg);
    return NULL;
}

static void overflow_in_thread(void *arg)
{
    pthread_t t;
    if (pthread_create(&t, NULL, overflow_thread, arg) == 0)
        pthread_join(t, NULL);
}

/* With sp anywhere at all: the kernel must not trust it. */
static void wild_stack_pointer(void *arg)
{
    __asm__ volatile("mv sp, %0\n sd zero, 0(sp)" : : "r"(arg) : "memory");
}

/* A system call needs no stack: with a wild sp it works, and gives it back untouched. */
static void wild_call(void *arg)
{
    EQUAL(sys_on_stack(SYS_getpid, (long)arg), getpid());
}

static int segfault(int status)
{
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

static void overflow_all_ways(void)
{
    static const long wild[] = {8, 0x80200000, -16};
    CHECK(segfault(in_child(overflow, NULL)));
    CHECK(segfault(in_child(overflow_in_thread, NULL)));
    for (int i = 0; i < 3; i++) {
        CHECK(segfault(in_child(wild_stack_pointer, (void *)wild[i])));
        EQUAL(in_child(wild_call, (void *)wild[i]), 0);
    }
}

int main(void)
{
    EQUAL(in_child(use_half_a_mebibyte, NULL), 0);
    pid_t witness = fork();
    if (witness == 0) {
        sleep_ms(20000);
        _exit(0);
    }
    if (on_onering())
        check_no_leak(overflow_all_ways);
    else
        overflow_all_ways();
    EQUAL(waitpid(witness, NULL, WNOHANG), 0); /* still there */
    kill(witness, SIGKILL);
    CHECK(waitpid(witness, NULL, 0) == witness);
    return check_end("t-stack");
}
