/*
 * t-tlb - a change of a mapping reaches every hart that may remember the old one, before the call
 * that made it returns; also when fork takes the right to write away, and when a write gets a copy.
 */
#include "check.h"
#include "threads.h"

#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, RW = PROT_READ | PROT_WRITE, ROUNDS = 100 };

static volatile long *page;

static void map_page(void)
{
    void *p = mmap((void *)page, PAGE, RW,
                   MAP_PRIVATE | MAP_ANONYMOUS | (page != NULL ? MAP_FIXED : 0), -1, 0);
    CHECK(p != MAP_FAILED);
    page = p;
}

/* ---- another page in its place ---- */

static long wanted, seen; /* changed atomically: the value to find, and the last one looked for */

static void *reader(void *arg)
{
    long idle = 0;
    for (long last = 0; last < ROUNDS;) {
        long w = __atomic_load_n(&wanted, __ATOMIC_ACQUIRE);
        if (w == last) {
            if (++idle % 10000 == 0)
                sched_yield(); /* there may be one hart only */
            continue;
        }
        EQUAL(*page, w);
        last = w;
        __atomic_store_n(&seen, w, __ATOMIC_RELEASE);
    }
    return arg;
}

static void test_remap(void)
{
    wanted = seen = 0;
    map_page();
    pthread_t t = start_thread(reader, NULL);
    for (long i = 1; i <= ROUNDS; i++) {
        map_page();
        *page = i;
        __atomic_store_n(&wanted, i, __ATOMIC_RELEASE);
        while (__atomic_load_n(&seen, __ATOMIC_ACQUIRE) != i)
            sched_yield();
    }
    pthread_join(t, NULL);
}

/* ---- rights taken away: the writer must die of its next store ---- */

static long stores; /* changed atomically: how many the writer got through */

static void *writer(void *arg)
{
    for (;;) {
        *page += 1;
        __atomic_add_fetch(&stores, 1, __ATOMIC_RELEASE);
    }
    return arg;
}

static void wait_for_writer(void)
{
    long first = *page;
    while (*page == first)
        sched_yield();
}

static void protect_under_writer(void *arg)
{
    start_thread(writer, NULL);
    wait_for_writer();
    if (arg != NULL)
        mprotect((void *)page, PAGE, PROT_READ);
    else
        munmap((void *)page, PAGE);
    long before = __atomic_load_n(&stores, __ATOMIC_ACQUIRE);
    while (__atomic_load_n(&stores, __ATOMIC_ACQUIRE) < before + 1000)
        sched_yield();
    _exit(77); /* it goes on writing */
}

static void test_rights(void)
{
    for (int i = 0; i < 10; i++) {
        map_page();
        int status = in_child(protect_under_writer, i % 2 ? "" : NULL);
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    }
}

/* ---- fork while another thread writes ---- */

static void watch(void *arg)
{
    long first = *page;
    (void)arg;
    for (int i = 0; i < 3; i++) {
        sched_yield();
        for (int k = 0; k < 1000; k++)
            if (*page != first) {
                check_fail("a child sees what its parent writes");
                return;
            }
    }
}

static int stop;

static void *writer_until_stop(void *arg)
{
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED))
        *page += 1;
    return arg;
}

static void test_fork(void)
{
    map_page();
    pthread_t t = start_thread(writer_until_stop, NULL);
    wait_for_writer();
    for (int i = 0; i < ROUNDS / 4; i++)
        EQUAL(in_child(watch, NULL), 0);
    stop = 1;
    pthread_join(t, NULL);
}

/* ---- a writer that gets a copy: who reads the page must follow it there ---- */

static long last_read, reads; /* what the reading thread found last; how often it looked */

static void *reader_until_stop(void *arg)
{
    while (!__atomic_load_n(&stop, __ATOMIC_RELAXED)) {
        __atomic_store_n(&last_read, *page, __ATOMIC_RELAXED);
        __atomic_add_fetch(&reads, 1, __ATOMIC_RELEASE);
    }
    return arg;
}

/* Lets the reader look a thousand times, if it must. */
static int reader_finds(long value)
{
    long before = __atomic_load_n(&reads, __ATOMIC_ACQUIRE);
    while (__atomic_load_n(&last_read, __ATOMIC_RELAXED) != value &&
           __atomic_load_n(&reads, __ATOMIC_ACQUIRE) < before + 1000)
        sched_yield();
    return __atomic_load_n(&last_read, __ATOMIC_RELAXED) == value;
}

static int fork_sleeper(void)
{
    int pid = fork();
    while (pid == 0)
        sleep_ms(1000); /* until it is killed */
    return pid;
}

static void test_copy(void)
{
    stop = 0;
    map_page();
    pthread_t t = start_thread(reader_until_stop, NULL);
    for (long i = 1; i <= ROUNDS; i++) {
        int pid = fork_sleeper(); /* shares the page: our store makes a copy */
        *page = i;
        if (!reader_finds(i)) {
            check_fail("a thread goes on reading the page its process no longer has");
            i = ROUNDS; /* once is enough */
        }
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
    }
    stop = 1;
    pthread_join(t, NULL);
}

int main(void)
{
    test_remap();
    test_rights();
    test_fork();
    test_copy();
    return check_end("t-tlb");
}
