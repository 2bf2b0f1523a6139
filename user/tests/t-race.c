/*
 * t-race - memory that another thread unmaps, protects or changes during a system call: the call
 * works on what it finds or fails with EFAULT, and nobody else notices. And threads that change
 * one address space at once: each gets memory of its own.
 */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

enum { PAGE = 4096, AREA = 2 * PAGE, TIME_MS = 400, MAPPERS = 4, MAPPED = 200 };

static char *area;
static volatile int stop;

enum how { UNMAP, PROTECT, REWRITE };

static void *disturb(void *arg)
{
    enum how how = *(enum how *)arg;
    for (unsigned i = 0; !stop; i++) {
        if (how == UNMAP) {
            munmap(area, AREA);
            mmap(area, AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
                 0);
        } else if (how == PROTECT) {
            mprotect(area, AREA, i % 2 ? PROT_READ | PROT_WRITE : i % 4 ? PROT_READ : PROT_NONE);
        } else {
            ((volatile char *)area)[i % 64] = "/tmp\0x"[i % 6];
        }
    }
    return NULL;
}

static int is_one_of(long r, long a, long b)
{
    return r == a || r == b;
}

/* Reads and writes through the area; counts results that are neither success nor EFAULT. */
static void transfer(int in, int out, int file)
{
    char *buf = area + PAGE - 50; /* across a page border */
    struct iovec iov[2] = {{buf, 10}, {area + 100, 10}};
    static char drain[AREA];
    long r = write(out, buf, 100);
    if (r > 0)
        CHECK(read(in, drain, sizeof(drain)) == r);
    CHECK(r == 100 || (r > 0 && r < 100) || errno == EFAULT);
    CHECK(write(out, "0123456789", 10) == 10);
    r = read(in, buf, 10);
    CHECK(r == 10 || (r < 0 && errno == EFAULT));
    r = readv(in, iov, 2); /* what the last one may have left */
    CHECK(r > 0 || is_one_of(errno, EFAULT, EAGAIN));
    while (read(in, drain, sizeof(drain)) > 0)
        continue;
    r = pwrite(file, area, AREA, 0);
    CHECK(r > 0 || errno == EFAULT);
    r = pread(file, area, AREA, 0);
    CHECK(r >= 0 || errno == EFAULT);
}

static void inspect(void)
{
    struct stat *st = (struct stat *)(area + PAGE - 64);
    int r = stat("/tmp", st);
    CHECK(r == 0 || errno == EFAULT);
    r = open(area, O_RDONLY);
    CHECK(r >= 0 || is_one_of(errno, EFAULT, ENOENT) || errno == ENOTDIR || errno == EACCES);
    if (r >= 0)
        close(r);
    r = pipe((int *)(area + 16));
    if (r != 0)
        CHECK(errno == EFAULT || errno == EMFILE);
    for (int fd = 10; fd < 40; fd++) /* where the pair is, the area may no longer know */
        close(fd);
}

/* The calls are made by a child: it may lose its descriptors. */
static void race(void *arg)
{
    int fds[2], file = open("/tmp/t-race", O_RDWR | O_CREAT, 0666);
    pthread_t thread;
    CHECK(file >= 0 && pipe2(fds, O_NONBLOCK) == 0);
    if (pthread_create(&thread, NULL, disturb, arg) != 0) {
        check_fail("pthread_create");
        return;
    }
    for (long end = now_ms() + TIME_MS; now_ms() < end;) {
        transfer(fds[0], fds[1], file);
        inspect();
    }
    stop = 1;
    pthread_join(thread, NULL);
}

/* ---- threads that map memory at once ---- */

static int all_are(const long *words, long value)
{
    for (size_t i = 0; i < AREA / sizeof(long); i++)
        if (words[i] != value)
            return 0;
    return 1;
}

static void fill(long *words, long value)
{
    for (size_t i = 0; i < AREA / sizeof(long); i++)
        words[i] = value;
}

/* Nobody else may have got the same places. Nothing is unmapped: that makes the harts wait for each
 * other, and what waits does not race. */
static void *mapper(void *mine)
{
    long *areas[MAPPED];
    for (int i = 0; i < MAPPED; i++) {
        areas[i] = mmap(NULL, AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (!CHECK(areas[i] != MAP_FAILED))
            return NULL;
        CHECK(all_are(areas[i], 0));
        fill(areas[i], (long)mine + i);
    }
    for (int i = 0; i < MAPPED; i++)
        CHECK(all_are(areas[i], (long)mine + i));
    return NULL;
}

static void map_together(void *arg)
{
    pthread_t threads[MAPPERS];
    (void)arg;
    for (long i = 0; i < MAPPERS; i++)
        EQUAL(pthread_create(&threads[i], NULL, mapper, (void *)(i * MAPPED + 1)), 0);
    for (int i = 0; i < MAPPERS; i++)
        EQUAL(pthread_join(threads[i], NULL), 0);
}

int main(void)
{
    static enum how hows[] = {UNMAP, PROTECT, REWRITE};
    signal(SIGPIPE, SIG_IGN);
    area = mmap(NULL, AREA, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(area != MAP_FAILED);
    /* qemu-riscv64 itself falls over when memory goes away under a system call. */
    for (int i = in_qemu_user() ? 2 : 0; i < 3; i++)
        EQUAL(in_child(race, &hows[i]), 0);
    unlink("/tmp/t-race");
    EQUAL(in_child(map_together, NULL), 0);
    return check_end("t-race");
}
