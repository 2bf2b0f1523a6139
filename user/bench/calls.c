/* System calls that do next to nothing: what is left is the way into the kernel and back. */
#include "bench.h"

#include <err.h>
#include <fcntl.h>
#include <onering/syscalls.h>
#include <unistd.h>

enum { CALL_RUNS = 1000 };

static void measure_empty(unsigned long *samples, unsigned runs)
{
    for (unsigned i = 0; i < runs; i++) {
        unsigned long before = instructions();
        samples[i] = instructions() - before;
    }
}

const struct workload workload_empty = {"empty", "nothing", CALL_RUNS, measure_empty};

/* The binding itself, not the libc's function around it. */
static void measure_getpid(unsigned long *samples, unsigned runs)
{
    for (unsigned i = 0; i < runs; i++) {
        unsigned long before = instructions();
        long pid = sys_getpid();
        samples[i] = instructions() - before;
        if (pid <= 0)
            errx(1, "getpid: answered %ld", pid);
    }
}

const struct workload workload_getpid = {"getpid", "the system call getpid, and back", CALL_RUNS,
                                         measure_getpid};

static void measure_devnull(unsigned long *samples, unsigned runs)
{
    int fd = open("/dev/null", O_WRONLY);
    if (fd < 0)
        err(1, "/dev/null");
    for (unsigned i = 0; i < runs; i++) {
        unsigned long before = instructions();
        long written = sys_write(fd, "", 1);
        samples[i] = instructions() - before;
        if (written != 1)
            errx(1, "/dev/null: write answered %ld", written);
    }
    close(fd);
}

const struct workload workload_devnull = {
    "devnull", "the system call write, of 1 byte to /dev/null", CALL_RUNS, measure_devnull};
