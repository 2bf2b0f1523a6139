/* signal.c - sending signals and choosing what they do. */
#include "libc.h"

#include <errno.h>
#include <signal.h>
#include <unistd.h>

int kill(pid_t pid, int sig)
{
    return (int)__sysret(sys_kill(pid, sig));
}

int killpg(pid_t pgid, int sig)
{
    return kill(-pgid, sig);
}

int tgkill(pid_t tgid, pid_t tid, int sig)
{
    return (int)__sysret(sys_tgkill(tgid, tid, sig));
}

int raise(int sig)
{
    return tgkill(getpid(), gettid(), sig);
}

int sigaction(int sig, const struct sigaction *restrict act, struct sigaction *restrict old)
{
    return (int)__sysret(sys_rt_sigaction(sig, act, old, sizeof(sigset_t)));
}

void (*signal(int sig, void (*handler)(int)))(int)
{
    struct sigaction act = {.sa_handler = handler, .sa_flags = SA_RESTART}, old;
    return sigaction(sig, &act, &old) == 0 ? old.sa_handler : SIG_ERR;
}

int sigprocmask(int how, const sigset_t *restrict set, sigset_t *restrict old)
{
    return (int)__sysret(sys_rt_sigprocmask(how, set, old, sizeof(sigset_t)));
}

int sigpending(sigset_t *set)
{
    return (int)__sysret(sys_rt_sigpending(set, sizeof(*set)));
}

int sigemptyset(sigset_t *set)
{
    *set = 0;
    return 0;
}

int sigfillset(sigset_t *set)
{
    *set = ~0UL;
    return 0;
}

int sigaddset(sigset_t *set, int sig)
{
    *set |= 1UL << (sig - 1);
    return 0;
}

int sigdelset(sigset_t *set, int sig)
{
    *set &= ~(1UL << (sig - 1));
    return 0;
}

int sigismember(const sigset_t *set, int sig)
{
    return (*set >> (sig - 1)) & 1;
}

/* Sleeps until a signal ends the process or a handler has run. */
int pause(void)
{
    return (int)__sysret(sys_ppoll(NULL, 0, NULL, NULL, 0));
}
