/*
 * t-fork - as many processes as there can be, twice; all are waited for and nothing is lost.
 *
 *      t-fork [MAX]      stop at MAX processes even if more could be made
 */
#include "check.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX = 4096, MAX_ELSEWHERE = 60 };

static pid_t pids[MAX];

/* Children that wait for the end of a pipe, so that all exist at once. */
static int breed(int max)
{
    int fds[2], n = 0;
    CHECK(pipe(fds) == 0);
    for (; n < max; n++) {
        pids[n] = fork();
        if (pids[n] == 0) {
            char c;
            close(fds[1]);
            read(fds[0], &c, 1);
            _exit(n & 127);
        }
        if (pids[n] < 0) {
            CHECK(errno == EAGAIN || errno == ENOMEM);
            break;
        }
    }
    close(fds[0]);
    close(fds[1]);
    return n;
}

static void reap(int n)
{
    for (int i = 0; i < n; i++) {
        int status = -1;
        EQUAL(waitpid(pids[i], &status, 0), pids[i]);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == (i & 127));
    }
    EQUAL(waitpid(-1, NULL, WNOHANG), -1);
    EQUAL(errno, ECHILD);
}

/* Every process forks until it cannot: the classical bomb, in a group that is then killed. */
static void bomb(void)
{
    for (int depth = 0; depth < 200; depth++)
        fork();
    pause();
}

static void test_bomb(void)
{
    pid_t pid = fork();
    if (pid == 0) {
        setpgid(0, 0);
        bomb();
    }
    setpgid(pid, pid);
    sleep_ms(300);
    int status;
    for (int i = 0; i < 1000 && kill(-pid, SIGKILL) == 0; i++) {
        waitpid(pid, &status, WNOHANG);
        sleep_ms(20);
    }
    waitpid(-1, &status, WNOHANG);
    EQUAL(kill(-pid, 0), -1);
    EQUAL(errno, ESRCH);
}

static int max = MAX_ELSEWHERE;

static void test_many(void)
{
    static int most;
    int n = breed(max);
    CHECK(n >= 10 && n >= most - 1); /* no fewer than the time before */
    most = n;
    reap(n);
}

static void do_nothing(void *arg)
{
    (void)arg;
}

int main(int argc, char **argv)
{
    if (on_onering())
        max = MAX;
    if (argc > 1 && atoi(argv[1]) < max)
        max = atoi(argv[1]);
    if (on_onering()) {
        check_no_leak(test_many);
        check_no_leak(test_bomb);
    } else {
        test_many();
    }
    for (int i = 0; i < 100; i++)
        EQUAL(in_child(do_nothing, NULL), 0);
    return check_end("t-fork");
}
