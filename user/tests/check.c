/* check.c - counting checks, and telling of those that failed. */
#include "check.h"

#include <errno.h>
#include <onering/procs.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_SHOWN = 20, MAX_PROCS = 64, SETTLE_ROUNDS = 50, LEAVE_ROUNDS = 2000, LEAK_ROUNDS = 16 };

static long nchecks, nfailed; /* changed atomically: threads check too */

static int count(int ok)
{
    __atomic_add_fetch(&nchecks, 1, __ATOMIC_RELAXED);
    if (ok)
        return 0;
    return __atomic_add_fetch(&nfailed, 1, __ATOMIC_RELAXED) <= MAX_SHOWN;
}

int check(int ok, const char *file, int line, const char *what)
{
    if (count(ok))
        dprintf(STDERR_FILENO, "%s:%d: failed: %s\n", file, line, what);
    return ok;
}

int check_equal(long got, long want, const char *file, int line, const char *what)
{
    if (count(got == want))
        dprintf(STDERR_FILENO, "%s:%d: %s is %ld, not %ld\n", file, line, what, got, want);
    return got == want;
}

void check_fail(const char *fmt, ...)
{
    char text[200];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    if (count(0))
        dprintf(STDERR_FILENO, "%s\n", text);
}

int check_end(const char *name)
{
    if (nfailed > 0) {
        printf("%s: %ld of %ld checks FAILED\n", name, nfailed, nchecks);
        return 1;
    }
    printf("%s: %ld checks ok\n", name, nchecks);
    return 0;
}

int in_child(void (*fn)(void *arg), void *arg)
{
    int status = -1;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        nfailed = 0;
        fn(arg);
        _exit(nfailed > 0);
    }
    if (pid < 0) {
        check_fail("fork: error %d", errno);
        return -1;
    }
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        continue;
    return status;
}

/* Threads that belong to no process any more, but are not gone: a process that was just waited for may
 * still be on its way out on another hart. */
static long leaving_threads(const struct sysinfo *info)
{
    static struct proc_info procs[MAX_PROCS];
    long n = onering_procs(procs, MAX_PROCS), leaving = info->procs;
    for (long i = 0; i < n && i < MAX_PROCS; i++)
        leaving -= procs[i].nthreads;
    return n < 0 || n > MAX_PROCS ? 0 : leaving;
}

long free_memory(void)
{
    struct sysinfo info;
    long best = 0;
    for (int i = 0, patience = LEAVE_ROUNDS; i < SETTLE_ROUNDS; i++) {
        if (sysinfo(&info) != 0)
            return 0;
        long now = (long)(info.freeram * info.mem_unit);
        if (now > best || (leaving_threads(&info) > 0 && patience-- > 0))
            i = 0;
        best = now > best ? now : best;
        sleep_ms(1);
    }
    return best;
}

void *map_anonymous(size_t n, int prot)
{
    return mmap(NULL, n, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

int is_zero(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != 0)
            return 0;
    return 1;
}

void check_no_leak(void (*fn)(void))
{
    long before = 0, after = 0;
    fn(); /* warms everything up */
    for (int i = 0; i < LEAK_ROUNDS; i++) {
        before = free_memory();
        fn();
        after = free_memory();
        if (after >= before) {
            count(1);
            return;
        }
    }
    check_fail("%ld bytes of memory are lost each time", before - after);
}

int on_onering(void)
{
    struct utsname name;
    return uname(&name) == 0 && strcmp(name.sysname, "Onering") == 0;
}

/* Told by one of its faults: it takes a null pointer here for success. */
int in_qemu_user(void)
{
    return !on_onering() && sysinfo(NULL) == 0;
}

void sleep_ms(long ms)
{
    struct timespec ts = {ms / 1000, ms % 1000 * 1000000};
    nanosleep(&ts, NULL);
}

long now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}
