/*
 * t-sig - sending signals, ignoring them, dying of them; process groups; how a death is told;
 * orphans. (Handlers are not part of this test.)
 */
#include "check.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static void sleep_long(void)
{
    sleep_ms(20000);
}

/* A child that waits to be killed; it is known to run. */
static pid_t start(void (*prepare)(void))
{
    int p[2];
    char c;
    CHECK(pipe(p) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        if (prepare != NULL)
            prepare();
        write(p[1], "x", 1);
        sleep_long();
        _exit(99);
    }
    close(p[1]);
    CHECK(read(p[0], &c, 1) == 1);
    close(p[0]);
    return pid;
}

static int end_of(pid_t pid)
{
    int status = -1;
    EQUAL(waitpid(pid, &status, 0), pid);
    return status;
}

static int killed_by(int status, int sig)
{
    return WIFSIGNALED(status) && WTERMSIG(status) == sig;
}

static void test_default_actions(void)
{
    static const int deadly[] = {SIGHUP,  SIGINT,  SIGQUIT, SIGILL,  SIGTRAP, SIGABRT,
                                 SIGBUS,  SIGFPE,  SIGKILL, SIGUSR1, SIGSEGV, SIGUSR2,
                                 SIGPIPE, SIGALRM, SIGTERM, SIGXCPU, SIGSYS,  40};
    static const int harmless[] = {SIGCHLD, SIGURG, SIGWINCH, SIGCONT, 0};
    for (size_t i = 0; i < sizeof(deadly) / sizeof(deadly[0]); i++) {
        pid_t pid = start(NULL);
        EQUAL(kill(pid, deadly[i]), 0);
        int status = end_of(pid);
        if (!CHECK(killed_by(status, deadly[i])))
            check_fail("signal %d: status %#x", deadly[i], status);
    }
    pid_t pid = start(NULL);
    for (size_t i = 0; i < sizeof(harmless) / sizeof(harmless[0]); i++)
        EQUAL(kill(pid, harmless[i]), 0);
    sleep_ms(20);
    EQUAL(waitpid(pid, NULL, WNOHANG), 0);
    kill(pid, SIGKILL);
    CHECK(killed_by(end_of(pid), SIGKILL));
    EQUAL(kill(pid, 0), -1); /* waited for: its number is nobody's */
    EQUAL(errno, ESRCH);
}

static void ignore_some(void)
{
    signal(SIGTERM, SIG_IGN);
    signal(SIGINT, SIG_IGN);
}

static void block_some(void)
{
    sigset_t set = 0;
    sigaddset(&set, SIGTERM);
    sigprocmask(SIG_BLOCK, &set, NULL);
}

static void test_ignored(void)
{
    void (*const prepare[])(void) = {ignore_some, block_some};
    for (int i = 0; i < 2; i++) {
        pid_t pid = start(prepare[i]);
        EQUAL(kill(pid, SIGTERM), 0);
        sleep_ms(20);
        EQUAL(waitpid(pid, NULL, WNOHANG), 0);
        EQUAL(kill(pid, SIGKILL), 0);
        CHECK(killed_by(end_of(pid), SIGKILL));
    }
    struct sigaction old;
    CHECK(signal(SIGUSR1, SIG_IGN) == SIG_DFL);
    EQUAL(sigaction(SIGUSR1, NULL, &old), 0);
    CHECK(old.sa_handler == SIG_IGN);
    EQUAL(raise(SIGUSR1), 0);
    CHECK(signal(SIGUSR1, SIG_DFL) == SIG_IGN);
}

static void raise_blocked(void *arg)
{
    sigset_t set = 0, old;
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, NULL);
    CHECK(raise(SIGUSR1) == 0); /* waits */
    sigprocmask(SIG_BLOCK, NULL, &old);
    CHECK(sigismember(&old, SIGUSR1));
    if (arg != NULL)
        signal(SIGUSR1, SIG_IGN); /* forgets it */
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}

/* What came while it was blocked shows, whoever it was sent to, and only until it is forgotten. */
static void look_at_pending(void *arg)
{
    sigset_t set = 0, pending = ~0UL;
    (void)arg;
    EQUAL(sigpending(&pending), 0);
    EQUAL(pending, 0);
    sigaddset(&set, SIGUSR1);
    sigaddset(&set, SIGUSR2);
    sigprocmask(SIG_BLOCK, &set, NULL);
    EQUAL(sigpending(&pending), 0);
    EQUAL(pending, 0);
    EQUAL(raise(SIGUSR1), 0);
    EQUAL(kill(getpid(), SIGUSR2), 0);
    EQUAL(sigpending(&pending), 0);
    EQUAL(pending, set);
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR1, SIG_DFL);
    EQUAL(sigpending(&pending), 0);
    CHECK(!sigismember(&pending, SIGUSR1) && sigismember(&pending, SIGUSR2));
    pid_t pid = fork();
    if (pid == 0) /* a child begins without any */
        _exit(sigpending(&pending) != 0 || pending != 0);
    int status;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    signal(SIGUSR2, SIG_IGN);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
    EQUAL(sigpending(NULL), -1);
    EQUAL(errno, EFAULT);
}

static void test_blocked(void)
{
    EQUAL(in_child(look_at_pending, NULL), 0);
    CHECK(killed_by(in_child(raise_blocked, NULL), SIGUSR1));
    EQUAL(in_child(raise_blocked, ""), 0);
}

/* ---- faults ---- */

static void read_nowhere(void *arg)
{
    (void)*(volatile char *)arg;
}

static void jump_nowhere(void *arg)
{
    ((void (*)(void))arg)();
}

static void illegal_instruction(void *arg)
{
    (void)arg;
    __asm__ volatile(".word 0");
}

static void breakpoint(void *arg)
{
    (void)arg;
    __asm__ volatile("ebreak");
}

static void supervisor_instruction(void *arg)
{
    (void)arg;
    __asm__ volatile("csrr zero, sstatus");
}

static void call_abort(void *arg)
{
    (void)arg;
    abort();
}

/* A fault cannot be ignored. */
static void ignored_fault(void *arg)
{
    signal(SIGSEGV, SIG_IGN);
    read_nowhere(arg);
}

static void test_faults(void)
{
    CHECK(killed_by(in_child(read_nowhere, NULL), SIGSEGV));
    CHECK(killed_by(in_child(read_nowhere, (void *)0x80200000), SIGSEGV));
    CHECK(killed_by(in_child(read_nowhere, (void *)0x4000000000000000), SIGSEGV));
    CHECK(killed_by(in_child(jump_nowhere, NULL), SIGSEGV));
    CHECK(killed_by(in_child(jump_nowhere, (void *)-2), SIGSEGV));
    CHECK(killed_by(in_child(ignored_fault, NULL), SIGSEGV));
    CHECK(killed_by(in_child(illegal_instruction, NULL), SIGILL));
    CHECK(killed_by(in_child(supervisor_instruction, NULL), SIGILL));
    CHECK(killed_by(in_child(breakpoint, NULL), SIGTRAP));
    CHECK(killed_by(in_child(call_abort, NULL), SIGABRT));
}

/* ---- groups ---- */

static void test_groups(void)
{
    pid_t a = start(NULL), b = start(NULL), c = start(NULL);
    EQUAL(setpgid(a, a), 0);
    EQUAL(setpgid(b, a), 0);
    EQUAL(setpgid(c, c), 0);
    EQUAL(getpgid(b), a);
    EQUAL(kill(-a, SIGTERM), 0);
    CHECK(killed_by(end_of(a), SIGTERM) && killed_by(end_of(b), SIGTERM));
    EQUAL(waitpid(c, NULL, WNOHANG), 0);
    EQUAL(kill(-a, SIGTERM), -1);
    EQUAL(errno, ESRCH);
    EQUAL(waitpid(-a, NULL, 0), -1);
    EQUAL(errno, ECHILD);
    EQUAL(killpg(c, SIGKILL), 0);
    int status;
    EQUAL(waitpid(-c, &status, 0), c);
    CHECK(killed_by(status, SIGKILL));
}

static void new_session(void *arg)
{
    (void)arg;
    EQUAL(setsid(), getpid());
    EQUAL(getpgrp(), getpid());
    EQUAL(setsid(), -1); /* a leader already */
    EQUAL(errno, EPERM);
    EQUAL(setpgid(0, 0), -1);
    EQUAL(errno, EPERM);
}

/* ---- waiting ---- */

static void test_wait(void)
{
    int status;
    pid_t pid = fork();
    if (pid == 0)
        _exit(0x1ff);
    EQUAL(waitpid(-1, &status, 0), pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0xff);
    EQUAL(waitpid(-1, &status, WNOHANG), -1);
    EQUAL(errno, ECHILD);
    EQUAL(waitpid(1, &status, 0), -1); /* somebody else's */
    EQUAL(errno, ECHILD);
    pid_t pids[5];
    for (int i = 0; i < 5; i++)
        if ((pids[i] = fork()) == 0)
            _exit(i);
    for (int i = 4; i >= 0; i--) {
        EQUAL(waitpid(pids[i], &status, 0), pids[i]);
        EQUAL(WEXITSTATUS(status), i);
    }
}

/* With SIGCHLD ignored nobody is left to wait for. */
static void no_zombies(void *arg)
{
    (void)arg;
    signal(SIGCHLD, SIG_IGN);
    for (int i = 0; i < 5; i++)
        if (fork() == 0)
            _exit(0);
    EQUAL(waitpid(-1, NULL, 0), -1);
    EQUAL(errno, ECHILD);
}

/* The grandchild outlives its parent and gets another. */
static void test_orphan(void)
{
    int p[2], status;
    pid_t parents[2] = {0, 0};
    CHECK(pipe(p) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        pid_t me = getpid();
        if (fork() == 0) {
            while (getppid() == me)
                sleep_ms(1);
            parents[0] = me;
            parents[1] = getppid();
            write(p[1], parents, sizeof(parents));
            _exit(0);
        }
        _exit(0);
    }
    EQUAL(waitpid(pid, &status, 0), pid);
    EQUAL(read(p[0], parents, sizeof(parents)), sizeof(parents));
    EQUAL(parents[0], pid);
    if (on_onering())
        EQUAL(parents[1], 1);
    close(p[0]);
    close(p[1]);
}

/* ---- interrupting ---- */

static void *spin(void *arg)
{
    for (;;)
        *(volatile int *)arg += 1;
    return NULL;
}

/* Killing reaches a thread wherever it is: computing, or asleep. */
static void many_threads(void)
{
    static int counters[3];
    pthread_t t;
    for (int i = 0; i < 3; i++)
        CHECK(pthread_create(&t, NULL, spin, &counters[i]) == 0);
}

static void test_killing_threads(void)
{
    pid_t pid = start(many_threads);
    EQUAL(kill(pid, SIGTERM), 0);
    CHECK(killed_by(end_of(pid), SIGTERM));
}

static void *kill_all(void *arg)
{
    (void)arg;
    raise(SIGUSR2);
    return NULL;
}

static void die_by_thread(void *arg)
{
    pthread_t t;
    (void)arg;
    CHECK(pthread_create(&t, NULL, kill_all, NULL) == 0);
    sleep_long();
}

int main(void)
{
    test_default_actions();
    test_ignored();
    test_blocked();
    test_faults();
    test_groups();
    EQUAL(in_child(new_session, NULL), 0);
    test_wait();
    EQUAL(in_child(no_zombies, NULL), 0);
    test_orphan();
    test_killing_threads();
    CHECK(killed_by(in_child(die_by_thread, NULL), SIGUSR2));
    return check_end("t-sig");
}
