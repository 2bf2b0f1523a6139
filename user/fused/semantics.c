/*
 * semantics - the calls that mean less, or something else, where program and kernel are one: each row of
 * the table in docs/writing-applications.md, and what it says of fused images.
 *
 *     semantics          prints "row: NAME" for each row that is as the table says, and what it found
 *     semantics WHAT     ends the machine in one of the ways of the rows that tell of an end (main)
 */
#include "check.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/times.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    PAGE = 4096,
    MIB = 1 << 20,
    RW = PROT_READ | PROT_WRITE,
    ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS,
};

static char *map(size_t n, int prot)
{
    char *p = mmap(NULL, n, prot, ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

static int is_all(char c, const char *p, size_t n)
{
    while (n > 0 && *p == c)
        p++, n--;
    return n == 0;
}

static unsigned long free_memory(void)
{
    struct sysinfo info;
    sysinfo(&info);
    return info.freeram * info.mem_unit;
}

/* --- memory --- */

/* The first of all rows: nobody has asked for the arena yet. */
static void row_brk(void)
{
    unsigned long before = free_memory();
    char *start = sbrk(0);
    unsigned long arena = before - free_memory();
    CHECK(arena == (before / 4 < 64 * MIB ? before / 4 / PAGE * PAGE : 64 * MIB));
    CHECK(sbrk((long)arena) == start && is_all(0, start, arena));
    CHECK(before - free_memory() == arena);
    CHECK(sbrk(1) == (void *)-1 && errno == ENOMEM);
    CHECK(sbrk(-(long)arena) == start + arena && sbrk(0) == start);
}

static void row_mmap(void)
{
    void *wish = (void *)0x40000000;
    unsigned long before = free_memory();
    char *p = mmap(wish, 16 * PAGE, RW, ANONYMOUS, -1, 0);
    CHECK(p != MAP_FAILED && p != wish && is_all(0, p, 16 * PAGE));
    memset(p, 'm', 16 * PAGE);
    CHECK(munmap(p, 16 * PAGE) == 0);
    CHECK((p = map(16 * PAGE, RW)) != NULL && before - free_memory() >= 16 * PAGE);
    CHECK(is_all(0, p, 16 * PAGE)); /* who had them before left something there */
    munmap(p, 16 * PAGE);
    CHECK(!map((size_t)1 << 40, RW) && errno == ENOMEM);
}

static void row_mmap_file(void)
{
    CHECK(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, 0, 0) == MAP_FAILED && errno == ENODEV);
    CHECK(mmap(NULL, PAGE, RW, MAP_SHARED, 0, 0) == MAP_FAILED && errno == ENODEV);
}

static void row_prot_none(void)
{
    unsigned long before = free_memory();
    char *p = map(16 * PAGE, PROT_NONE);
    CHECK(p && before - free_memory() >= 16 * PAGE);
    munmap(p, 16 * PAGE);
}

static void row_fixed(void)
{
    static char own[2 * PAGE];
    char *aligned = own + (-(unsigned long)own & (PAGE - 1)), *p = map(3 * PAGE, RW);
    memset(p, 'f', 3 * PAGE);
    CHECK(mmap(p + PAGE, PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0) == p + PAGE);
    CHECK(p[PAGE - 1] == 'f' && is_all(0, p + PAGE, PAGE) && p[2 * PAGE] == 'f');
    CHECK(mmap(aligned, PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED && errno == ENOMEM);
    munmap(p, 3 * PAGE);
}

static void row_munmap(void)
{
    static char own[2 * PAGE];
    char *aligned = own + (-(unsigned long)own & (PAGE - 1)), *p = map(16 * PAGE, RW);
    unsigned long before = free_memory();
    memset(own, 'o', sizeof(own));
    CHECK(munmap(p, 16 * PAGE) == 0 && free_memory() - before >= 16 * PAGE);
    before = free_memory();
    CHECK(munmap(aligned, PAGE) == 0 && free_memory() == before && is_all('o', own, sizeof(own)));
}

static void row_mprotect(void)
{
    char *p = map(2 * PAGE, RW);
    p[0] = 'p';
    CHECK(mprotect(p, PAGE, PROT_READ) == 0 && p[0] == 'p');
    CHECK(mprotect(p, PAGE, RW) == 0 && (p[0] = 'q') == 'q');
    CHECK(mprotect(&failures - (unsigned long)&failures % PAGE / sizeof(int), PAGE, RW) == -1);
    CHECK(errno == ENOMEM);
    munmap(p, 2 * PAGE);
}

static void row_madvise(void)
{
    char *p = map(2 * PAGE, RW);
    memset(p, 'a', 2 * PAGE);
    CHECK(madvise(p, 2 * PAGE, 3 /* WILLNEED */) == 0);
    CHECK(is_all('a', p, 2 * PAGE));
    CHECK(madvise(p, PAGE, MADV_DONTNEED) == 0 && is_all(0, p, PAGE) && p[PAGE] == 'a');
    munmap(p, 2 * PAGE);
}

/* --- one program --- */

static void row_fork(void)
{
    char *argv[] = {"true", NULL}, *envp[] = {NULL};
    CHECK(fork() == -1 && errno == ENOSYS);
    CHECK(vfork() == -1 && errno == ENOSYS);
    CHECK(execve("/bin/true", argv, envp) == -1 && errno == ENOSYS);
    CHECK(wait(NULL) == -1 && errno == ENOSYS);
}

static void row_getpid(void)
{
    CHECK(getpid() == 1 && getppid() == 0);
}

static void handler(int sig)
{
    (void)sig;
}

static void row_sigaction(void)
{
    struct sigaction old, ignore = {.sa_handler = SIG_IGN}, own = {.sa_handler = handler};
    CHECK(sigaction(SIGUSR1, &own, NULL) == -1 && errno == ENOSYS);
    CHECK(sigaction(SIGUSR1, &ignore, &old) == 0 && old.sa_handler == SIG_DFL);
    CHECK(signal(SIGUSR1, SIG_DFL) == SIG_IGN);
}

static void row_kill(void)
{
    CHECK(signal(SIGUSR1, SIG_IGN) == SIG_DFL);
    CHECK(raise(SIGUSR1) == 0 && kill(getpid(), SIGUSR1) == 0);
    CHECK(kill(getpid(), SIGCHLD) == 0);
    CHECK(kill(getpid(), 0) == 0);
    CHECK(kill(2, SIGTERM) == -1 && errno == ESRCH);
    CHECK(signal(SIGUSR1, SIG_DFL) == SIG_IGN);
}

/* --- threads and time --- */

static int ends[2];

static void *write_late(void *arg)
{
    struct timespec time = {0, 10000000};
    nanosleep(&time, NULL);
    write(ends[1], "w", 1);
    return arg;
}

static pthread_t writer;
static int there_are_threads;

static void row_clone(void)
{
    int error = pthread_create(&writer, NULL, write_late, &writer);
    CHECK(error == 0 || error == EAGAIN);
    there_are_threads = error == 0;
    printf("pthread_create: %s\n", error ? "EAGAIN" : "a thread");
}

static long now_ms(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* With nobody to wake the program, waits end by their time. */
static void row_waiting(void)
{
    struct timespec time = {0, 20000000};
    struct pollfd fd = {.fd = ends[0], .events = POLLIN};
    void *result;
    char c = 0;
    if (there_are_threads) { /* the reader waits before the writer writes */
        CHECK(read(ends[0], &c, 1) == 1 && c == 'w');
        CHECK(pthread_join(writer, &result) == 0 && result == &writer);
    }
    long before = now_ms(CLOCK_MONOTONIC);
    CHECK(nanosleep(&time, NULL) == 0 && now_ms(CLOCK_MONOTONIC) - before >= 20);
    before = now_ms(CLOCK_MONOTONIC);
    CHECK(poll(&fd, 1, 20) == 0 && now_ms(CLOCK_MONOTONIC) - before >= 20);
}

static void row_mutexes(void)
{
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static pthread_cond_t never = PTHREAD_COND_INITIALIZER;
    struct timespec until;
    CHECK(pthread_mutex_lock(&lock) == 0 && pthread_mutex_trylock(&lock) == EBUSY);
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += 20000000;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    long before = now_ms(CLOCK_MONOTONIC);
    CHECK(pthread_cond_timedwait(&never, &lock, &until) == ETIMEDOUT);
    CHECK(now_ms(CLOCK_MONOTONIC) - before >= 19);
    CHECK(pthread_mutex_unlock(&lock) == 0);
}

/* The processor is the program's while it sleeps, too. */
static void row_cputime(void)
{
    struct timespec time = {0, 50000000};
    struct tms start, end;
    long used = now_ms(CLOCK_PROCESS_CPUTIME_ID);
    times(&start);
    CHECK(nanosleep(&time, NULL) == 0 && now_ms(CLOCK_PROCESS_CPUTIME_ID) - used >= 50);
    times(&end);
    CHECK(end.tms_utime + end.tms_stime - start.tms_utime - start.tms_stime >= 4);
}

/* --- the ends of a machine --- */

static const char constant[] = "c";

__attribute__((noinline)) static int overflow(int depth)
{
    volatile char frame[64];
    frame[0] = (char)depth;
    return overflow(depth + 1) + frame[0];
}

__attribute__((noinline)) static void store(volatile char *where, char c)
{
    *where = c;
}

static int end(const char *how)
{
    char *page = map(PAGE, !strcmp(how, "none") ? PROT_NONE : PROT_READ);
    if (!strcmp(how, "none"))
        printf("read %d\n", *(volatile char *)page);
    else if (!strcmp(how, "read-only"))
        store(page, 1);
    else if (!strcmp(how, "null"))
        store((char *)8, 1);
    else if (!strcmp(how, "wild"))
        store((char *)constant, 'w');
    else if (!strcmp(how, "overflow"))
        return overflow(0);
    else if (!strcmp(how, "kill"))
        raise(SIGTERM);
    else if (!strcmp(how, "exit"))
        exit(3);
    puts("survived");
    return !strcmp(how, "return") ? 4 : 0;
}

static const struct row {
    const char *name; /* as in the table */
    void (*check)(void);
} rows[] = {
    {"brk, sbrk", row_brk},
    {"mmap, anonymous", row_mmap},
    {"mmap, of a file", row_mmap_file},
    {"mmap, PROT_NONE", row_prot_none},
    {"mmap, MAP_FIXED", row_fixed},
    {"munmap", row_munmap},
    {"mprotect", row_mprotect},
    {"madvise", row_madvise},
    {"fork, vfork, execve, wait4", row_fork},
    {"getpid, getppid", row_getpid},
    {"clone of a thread, pthread_create", row_clone},
    {"nanosleep, poll, blocking read", row_waiting},
    {"mutexes, condition variables, futex", row_mutexes},
    {"CLOCK_PROCESS_CPUTIME_ID, times", row_cputime},
    {"sigaction", row_sigaction},
    {"kill, raise", row_kill},
};

int main(int argc, char **argv)
{
    if (argc > 1)
        return end(argv[1]);
    if (pipe(ends) < 0)
        return 1;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int before = failures;
        rows[i].check();
        if (failures == before)
            printf("row: %s\n", rows[i].name);
    }
    return check_end("semantics");
}
