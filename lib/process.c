/* process.c - making, ending and naming processes. */
#include "libc.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

/* The child has the calling thread only: after fork in a program with several, a lock of the libc
 * may be held for ever by one that is not there. As POSIX says: exec soon. */
pid_t fork(void)
{
    return (pid_t)__sysret(sys_clone(SIGCHLD, NULL, NULL, 0, NULL));
}

/* A true vfork returns twice on one stack, which a C function cannot wrap. */
pid_t vfork(void)
{
    return fork();
}

int execve(const char *path, char *const argv[], char *const envp[])
{
    return (int)__sysret(sys_execve(path, argv, envp));
}

int execv(const char *path, char *const argv[])
{
    return execve(path, argv, environ);
}

pid_t wait4(pid_t pid, int *status, int options, struct rusage *usage)
{
    return (pid_t)__sysret(sys_wait4(pid, status, options, usage));
}

pid_t waitpid(pid_t pid, int *status, int options)
{
    return wait4(pid, status, options, NULL);
}

pid_t wait(int *status)
{
    return wait4(-1, status, 0, NULL);
}

pid_t getpid(void)
{
    return (pid_t)sys_getpid();
}

pid_t getppid(void)
{
    return (pid_t)sys_getppid();
}

pid_t gettid(void)
{
    return (pid_t)sys_gettid();
}

pid_t getpgid(pid_t pid)
{
    return (pid_t)__sysret(sys_getpgid(pid));
}

pid_t getpgrp(void)
{
    return getpgid(0);
}

int setpgid(pid_t pid, pid_t pgid)
{
    return (int)__sysret(sys_setpgid(pid, pgid));
}

pid_t setsid(void)
{
    return (pid_t)__sysret(sys_setsid());
}

uid_t getuid(void)
{
    return (uid_t)sys_getuid();
}

uid_t geteuid(void)
{
    return (uid_t)sys_geteuid();
}

gid_t getgid(void)
{
    return (gid_t)sys_getgid();
}

gid_t getegid(void)
{
    return (gid_t)sys_getegid();
}

int getrlimit(int resource, struct rlimit *limit)
{
    return (int)__sysret(sys_prlimit64(0, resource, NULL, limit));
}

int setrlimit(int resource, const struct rlimit *limit)
{
    return (int)__sysret(sys_prlimit64(0, resource, limit, NULL));
}
