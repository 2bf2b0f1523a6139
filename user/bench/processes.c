/* What a shell does all day: making processes, waiting for them, and having them talk. */
#include "bench.h"

#include <err.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PIPE_RUNS = 1000, PROCESS_RUNS = 200 };

#define TRIVIAL_PROGRAM "/bin/true"

static void wait_for(pid_t child)
{
    int status;
    if (child < 0)
        err(1, "fork");
    if (waitpid(child, &status, 0) != child)
        err(1, "wait");
    if (status != 0)
        errx(1, "the child ended with status %#x", status);
}

/* The other end of the ping-pong: gives back every byte it gets. */
_Noreturn static void echo(int from, int to)
{
    char byte;
    while (read(from, &byte, 1) == 1)
        if (write(to, &byte, 1) != 1)
            _exit(1);
    _exit(0);
}

/* One run: a byte goes to the other process and comes back, by two pipes. */
static void measure_pipe(unsigned long *samples, unsigned runs)
{
    int there[2], back[2];
    char byte = 0;
    if (pipe(there) < 0 || pipe(back) < 0)
        err(1, "pipe");
    pid_t child = fork();
    if (child == 0) {
        close(there[1]);
        close(back[0]);
        echo(there[0], back[1]);
    }
    close(there[0]);
    close(back[1]);
    for (unsigned i = 0; i < runs; i++) {
        unsigned long before = instructions();
        ssize_t written = write(there[1], &byte, 1);
        ssize_t got = read(back[0], &byte, 1);
        samples[i] = instructions() - before;
        if (written != 1 || got != 1)
            err(1, "pipe: round trip %u", i);
    }
    close(there[1]);
    close(back[0]);
    wait_for(child);
}

const struct workload workload_pipe = {"pipe", "1 byte to another process and back, by two pipes",
                                       PIPE_RUNS, measure_pipe};

static void measure_fork(unsigned long *samples, unsigned runs)
{
    for (unsigned i = 0; i < runs; i++) {
        unsigned long before = instructions();
        pid_t child = fork();
        if (child == 0)
            _exit(0);
        wait_for(child);
        samples[i] = instructions() - before;
    }
}

const struct workload workload_fork = {"fork", "fork, exit in the child, wait in the parent",
                                       PROCESS_RUNS, measure_fork};

static void measure_exec(unsigned long *samples, unsigned runs)
{
    char *const args[] = {"true", NULL};
    for (unsigned i = 0; i < runs; i++) {
        unsigned long before = instructions();
        pid_t child = fork();
        if (child == 0) {
            execv(TRIVIAL_PROGRAM, args);
            _exit(127);
        }
        wait_for(child);
        samples[i] = instructions() - before;
    }
}

const struct workload workload_exec = {"exec", "fork, exec of " TRIVIAL_PROGRAM ", wait",
                                       PROCESS_RUNS, measure_exec};
