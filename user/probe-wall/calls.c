/* Registers, numbers and results of system calls. */
#include "probe.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { SP = 2, A0 = 10, A7 = 17, NREGS = 32, MS = 1000000 };

/* exit STATUS */
void exit_now(char **args)
{
    _exit((int)number_of(args[0]));
}

/* Every register a number of its own made from the seed, but for the call's number and argument. */
static void fill_registers(unsigned long regs[NREGS], char **args)
{
    unsigned long state = number_of(args[0]);
    for (int i = 1; i < NREGS; i++)
        regs[i] = next_number(&state);
    regs[A7] = number_of(args[1]);
    regs[A0] = number_of(args[2]);
    regs[11] = 0; /* a1: clone's stack */
}

/* fold SEED NUMBER A0: a call with all registers full. All of them make the exit status, so that it
 * takes nothing but system calls to tell. */
void exit_with_fold(char **args)
{
    unsigned long regs[NREGS], fold = 0;
    fill_registers(regs, args);
    raw_call_with(regs);
    for (int i = 1; i < NREGS; i++)
        if (i != SP)
            fold = (fold << 7 | fold >> 57) ^ regs[i];
    _exit((fold ^ fold >> 8 ^ fold >> 16 ^ fold >> 24 ^ fold >> 32 ^ fold >> 40 ^ fold >> 48) &
          0x7f);
}

/* regs SEED NUMBER A0: what is in them after the call. After a clone there are two who say so. */
void show_registers(char **args)
{
    unsigned long regs[NREGS];
    pid_t me = getpid();
    fill_registers(regs, args);
    raw_call_with(regs);
    printf("regs %s", me == getpid() ? "caller" : "child");
    for (int i = 1; i < NREGS; i++)
        if (i != SP)
            printf(" %lx", regs[i]);
    printf("\n");
    fflush(stdout);
    if (me != getpid())
        _exit(0);
    while (wait(NULL) > 0)
        continue;
}

/* call NUMBER A0 A1 A2 */
void make_call(char **args)
{
    long number = (long)number_of(args[0]);
    long result = raw_call(number, (long)number_of(args[1]), (long)number_of(args[2]),
                           (long)number_of(args[3]), 0, 0, 0);
    printf("call %ld = %ld\n", number, result);
}

/* getpid TIMES: nothing but that */
void make_many_calls(char **args)
{
    raw_getpid(number_of(args[0]));
}

/* errno VALUE NUMBER: a call that fails, with errno holding the value before. */
void keep_errno(char **args)
{
    errno = (int)number_of(args[0]);
    long result = raw_call((long)number_of(args[1]), -1, 0, 0, 0, 0, 0);
    int kept = errno;
    int wrapped = close(-1);
    printf("errno %d after %ld; libc: %d and %d\n", kept, result, wrapped, errno);
}

/* stack SP NUMBER */
void call_on_stack(char **args)
{
    printf("stack %lx = %ld\n", number_of(args[0]),
           raw_call_on(number_of(args[0]), (long)number_of(args[1])));
}

/* together VALUE: one child spins, without a system call, until another one has stored the value. Each
 * needs the hart. */
void together(char **args)
{
    volatile unsigned long *shared =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (fork() == 0) {
        while (shared[0] == 0)
            continue;
        shared[1] = shared[0] + 1;
        _exit(0);
    }
    if (fork() == 0) {
        shared[0] = number_of(args[0]);
        while (shared[1] == 0)
            continue;
        _exit(0);
    }
    while (wait(NULL) > 0)
        continue;
    printf("together %lx %lx\n", shared[0], shared[1]);
}

static long now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000 * MS + now.tv_nsec;
}

/* late BYTES MS: how long one call takes that makes so many random bytes, and how long after its time a
 * child woke up that was to sleep for these milliseconds meanwhile. */
void late(char **args)
{
    unsigned long size = number_of(args[0]);
    long ms = (long)number_of(args[1]);
    volatile long *woken =
        mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    char *area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (fork() == 0) {
        long start = now_ns();
        nanosleep(&(struct timespec){0, ms * MS}, NULL);
        *woken = now_ns() - start - ms * MS;
        _exit(0);
    }
    sched_yield(); /* the child goes to sleep */
    long start = now_ns();
    long got = getrandom(area, size, 0);
    long took = now_ns() - start;
    wait(NULL);
    printf("late: made %ld in %ld, woken late by %ld\n", got, took, *woken);
}
