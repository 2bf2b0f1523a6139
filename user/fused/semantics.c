/*
 * semantics - the calls that mean less, or something else, where program and kernel are one: the table in
 * docs/writing-applications.md, as far as the programs memory, threads and wild do not try it.
 *
 *     semantics          says "semantics: ok", or what is wrong
 *     semantics kill     ends itself by a signal
 */
#include "check.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static void handler(int sig)
{
    (void)sig;
}

static void test_processes(void)
{
    char *argv[] = {"true", NULL}, *envp[] = {NULL};
    CHECK(getpid() == 1 && getppid() == 0);
    CHECK(fork() == -1 && errno == ENOSYS);
    CHECK(execve("/bin/true", argv, envp) == -1 && errno == ENOSYS);
    CHECK(wait(NULL) == -1 && errno == ENOSYS);
}

static void test_signals(void)
{
    CHECK(signal(SIGUSR1, handler) == SIG_ERR && errno == ENOSYS);
    CHECK(signal(SIGUSR1, SIG_IGN) == SIG_DFL);
    CHECK(raise(SIGUSR1) == 0 && kill(getpid(), SIGUSR1) == 0);
    CHECK(kill(getpid(), SIGCHLD) == 0);
    CHECK(kill(getpid(), 0) == 0);
    CHECK(kill(2, SIGTERM) == -1 && errno == ESRCH);
    CHECK(signal(SIGUSR1, SIG_DFL) == SIG_IGN);
}

static long now_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* With nobody to wake the program, waits end by their time. The processor is its own while it sleeps. */
static void test_waiting(void)
{
    struct timespec time = {0, 20000000};
    int ends[2];
    CHECK(pipe(ends) == 0);
    struct pollfd fd = {.fd = ends[0], .events = POLLIN};
    long before = now_ms(CLOCK_MONOTONIC), used = now_ms(CLOCK_PROCESS_CPUTIME_ID);
    CHECK(nanosleep(&time, NULL) == 0 && now_ms(CLOCK_MONOTONIC) - before >= 20);
    CHECK(now_ms(CLOCK_PROCESS_CPUTIME_ID) - used >= 20);
    before = now_ms(CLOCK_MONOTONIC);
    CHECK(poll(&fd, 1, 20) == 0 && now_ms(CLOCK_MONOTONIC) - before >= 20);
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1)
        raise(SIGTERM);
    test_processes();
    test_signals();
    test_waiting();
    return check_end("semantics");
}
