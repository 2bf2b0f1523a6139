/* Signals that a program sends to itself. With an argument: `abort` or `term`, the end of the program. */
#include "check.h"

#include <signal.h>
#include <unistd.h>

static void check_ignored(void)
{
    CHECK(signal(SIGUSR1, SIG_IGN) == SIG_DFL && signal(SIGUSR1, SIG_IGN) == SIG_IGN);
    CHECK(raise(SIGUSR1) == 0 && kill(getpid(), SIGUSR1) == 0);
    CHECK(signal(SIGUSR1, SIG_DFL) == SIG_IGN);
    CHECK(raise(SIGCHLD) == 0 && kill(getpid(), 0) == 0);
}

static void check_wrong(void)
{
    struct sigaction action = {.sa_handler = SIG_IGN};
    CHECK(sigaction(SIGKILL, &action, NULL) < 0 && errno == EINVAL);
    CHECK(kill(getpid(), 1000) < 0 && errno == EINVAL);
    CHECK(kill(1234567, SIGTERM) < 0 && errno == ESRCH);
}

static void check_mask(void)
{
    sigset_t set, old;
    CHECK(sigemptyset(&set) == 0 && sigaddset(&set, SIGUSR2) == 0);
    CHECK(sigprocmask(SIG_BLOCK, &set, &old) == 0 && !sigismember(&old, SIGUSR2));
    CHECK(sigprocmask(SIG_SETMASK, &old, NULL) == 0);
    CHECK(sigprocmask(77, &set, NULL) < 0 && errno == EINVAL);
}

int main(int argc, char **argv)
{
    check_ignored();
    check_wrong();
    check_mask();
    if (argc > 1 && strcmp(argv[1], "abort") == 0)
        abort();
    if (argc > 1 && strcmp(argv[1], "term") == 0)
        raise(SIGTERM);
    puts("signals ok");
    return 0;
}
