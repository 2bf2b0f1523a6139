/* time - runs a command and says how long it took: on the clock, and of the processor. */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static double now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static double seconds(struct timeval tv)
{
    return (double)tv.tv_sec + (double)tv.tv_usec / 1e6;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fputs("usage: time command [argument...]\n", stderr);
        return 2;
    }
    double start = now();
    pid_t pid = fork();
    if (pid < 0)
        err(1, "fork");
    if (pid == 0) {
        execvp(argv[1], argv + 1);
        if (errno == ENOENT)
            warnx("%s: not found", argv[1]);
        else
            warn("%s", argv[1]);
        _exit(errno == ENOENT ? 127 : 126);
    }
    int status;
    struct rusage used;
    memset(&used, 0, sizeof(used));
    if (wait4(pid, &status, 0, &used) < 0)
        err(1, "wait");
    fprintf(stderr, "real %.3f\nuser %.3f\nsys  %.3f\n", now() - start, seconds(used.ru_utime),
            seconds(used.ru_stime));
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
