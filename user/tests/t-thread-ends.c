/* t-thread-ends - the end of a process with several threads, and what fork makes of them. */
#include "check.h"
#include "threads.h"

#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

static _Thread_local int local = 42;

static void *sleep_long(void *arg)
{
    sleep_ms(20000);
    return arg;
}

static void *spin(void *arg)
{
    for (;;)
        *(volatile long *)arg += 1;
    return NULL;
}

static void *exit_all(void *arg)
{
    sleep_ms(10);
    _exit((int)(intptr_t)arg);
}

/* Whoever calls exit_group, all others end: sleeping, computing, waiting. */
static void exit_with_threads(void *arg)
{
    static long counters[2];
    int how = (int)(intptr_t)arg;
    start_thread(sleep_long, NULL);
    start_thread(spin, &counters[0]);
    start_thread(spin, &counters[1]);
    if (how == 0)
        _exit(33);
    start_thread(exit_all, (void *)33);
    if (how == 1)
        join_thread(start_thread(sleep_long, NULL));
    spin(&counters[0]);
}

static void *last_words(void *arg)
{
    sleep_ms(20);
    CHECK(write((int)(intptr_t)arg, "last", 4) == 4);
    return NULL;
}

/* The first thread may leave; the process lives on until the last one does. */
static void leave_first(void *arg)
{
    start_thread(last_words, arg);
    pthread_exit(NULL);
}

static void test_ends(void)
{
    int p[2];
    char buf[8];
    for (int how = 0; how < 3; how++) {
        int status = in_child(exit_with_threads, (void *)(intptr_t)how);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 33);
    }
    CHECK(pipe(p) == 0);
    EQUAL(in_child(leave_first, (void *)(intptr_t)p[1]), 0);
    EQUAL(read(p[0], buf, sizeof(buf)), 4);
    close(p[0]);
    close(p[1]);
}

/* fork copies the calling thread alone. */
static void *fork_from_thread(void *arg)
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        local = 1;
        _exit(gettid() == getpid() ? 12 : 1);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    EQUAL(WEXITSTATUS(status), 12);
    EQUAL(local, 42);
    return arg;
}

int main(void)
{
    test_ends();
    join_thread(start_thread(fork_from_thread, NULL));
    return check_end("t-thread-ends");
}
