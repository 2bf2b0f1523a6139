/*
 * t-args - hostile arguments to every system call: none may do more than fail, and each must fail
 * with the error of Linux.
 */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <onering/syscalls.h>
#include <stdio.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PAGE = 4096, FUTEX_WAIT = 0, AT = AT_FDCWD };

static char *hole;      /* an unmapped page */
static char *no_access; /* a page of PROT_NONE */
static char *read_only; /* a page that may only be read */
static char *edge;      /* the end of a readable and writable page, before the hole */
static int pipe_in, pipe_out, file, dir;

static void set_up(void)
{
    int fds[2];
    char *map = mmap(NULL, 4 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(map != MAP_FAILED);
    edge = map + PAGE;
    hole = map + PAGE;
    munmap(hole, PAGE);
    no_access = map + 2 * PAGE;
    mprotect(no_access, PAGE, PROT_NONE);
    read_only = map + 3 * PAGE;
    mprotect(read_only, PAGE, PROT_READ);
    CHECK(pipe2(fds, O_NONBLOCK) == 0);
    pipe_in = fds[0];
    pipe_out = fds[1];
    CHECK(mkdir("/tmp/t-args", 0777) == 0);
    file = open("/tmp/t-args/file", O_RDWR | O_CREAT, 0666);
    dir = open("/tmp/t-args", O_RDONLY | O_DIRECTORY);
    CHECK(file >= 0 && dir >= 0);
    CHECK(write(file, "0123456789abcdef0123456789abcdef", 32) == 32);
}

static void clean_up(void)
{
    unlink("/tmp/t-args/file");
    CHECK(rmdir("/tmp/t-args") == 0);
}

/* ---- pointers ---- */

/* What the kernel does there: reads it, writes all of it, writes what fits, reads up to a zero. */
enum direction { IN, OUT, OUT_PART, TEXT };

struct attack {
    const char *name;
    long number;
    long args[6];
    int at; /* which argument is the pointer */
    enum direction direction;
    int null_is_legal;
};

static struct timespec short_time = {0, 1};
static char good_path[] = "/tmp/t-args/file";
static char *good_argv[] = {good_path, NULL};

static const struct attack attacks[] = {
    {"getcwd", SYS_getcwd, {0, 100}, 0, OUT_PART, 0},
    {"mkdirat", SYS_mkdirat, {AT, 0, 0777}, 1, TEXT, 0},
    {"unlinkat", SYS_unlinkat, {AT, 0, 0}, 1, TEXT, 0},
    {"faccessat", SYS_faccessat, {AT, 0, 0}, 1, TEXT, 0},
    {"chdir", SYS_chdir, {0}, 0, TEXT, 0},
    {"openat", SYS_openat, {AT, 0, O_RDONLY}, 1, TEXT, 0},
    {"openat to create", SYS_openat, {AT, 0, O_WRONLY | O_CREAT, 0666}, 1, TEXT, 0},
    {"newfstatat path", SYS_newfstatat, {AT, 0, (long)&short_time, 0}, 1, TEXT, 0},
    {"newfstatat result", SYS_newfstatat, {AT, (long)good_path, 0, 0}, 2, OUT, 0},
    {"renameat2 from", SYS_renameat2, {AT, 0, AT, (long)good_path, 0}, 1, TEXT, 0},
    {"renameat2 to", SYS_renameat2, {AT, (long)good_path, AT, 0, 0}, 3, TEXT, 0},
    {"execve path", SYS_execve, {0, (long)good_argv, 0}, 0, TEXT, 0},
    {"umount2", SYS_umount2, {0, 0}, 0, TEXT, 0},
    {"pipe2", SYS_pipe2, {0, 0}, 0, OUT, 0},
    {"uname", SYS_uname, {0}, 0, OUT, 0},
    {"sysinfo", SYS_sysinfo, {0}, 0, OUT, 0},
    {"times", SYS_times, {0}, 0, OUT, 1},
    {"gettimeofday", SYS_gettimeofday, {0, 0}, 0, OUT, 1},
    {"clock_gettime", SYS_clock_gettime, {CLOCK_MONOTONIC, 0}, 1, OUT, 0},
    {"nanosleep", SYS_nanosleep, {0, 0}, 0, IN, 0},
    {"clock_nanosleep", SYS_clock_nanosleep, {CLOCK_MONOTONIC, 0, 0, 0}, 2, IN, 0},
    {"rt_sigaction new", SYS_rt_sigaction, {SIGUSR1, 0, 0, 8}, 1, IN, 1},
    {"rt_sigaction old", SYS_rt_sigaction, {SIGUSR1, 0, 0, 8}, 2, OUT, 1},
    {"rt_sigprocmask new", SYS_rt_sigprocmask, {SIG_BLOCK, 0, 0, 8}, 1, IN, 1},
    {"rt_sigprocmask old", SYS_rt_sigprocmask, {SIG_BLOCK, 0, 0, 8}, 2, OUT, 1},
    {"rt_sigpending", SYS_rt_sigpending, {0, 8}, 0, OUT, 0},
    {"futex", SYS_futex, {0, FUTEX_WAIT, 0, (long)&short_time}, 0, IN, 0},
    {"getrandom", SYS_getrandom, {0, 16, 0}, 0, OUT_PART, 0},
    {"prlimit64 new", SYS_prlimit64, {0, 7, 0, 0}, 2, IN, 1},
    {"prlimit64 old", SYS_prlimit64, {0, 7, 0, 0}, 3, OUT, 1},
    {"ppoll", SYS_ppoll, {0, 1, (long)&short_time, 0, 8}, 0, OUT, 0},
    {"ppoll timeout", SYS_ppoll, {0, 0, 0, 0, 8}, 2, IN, 1},
};

static long make_call(const struct attack *a, long pointer)
{
    long v[6];
    memcpy(v, a->args, sizeof(v));
    v[a->at] = pointer;
    return sys_raw(a->number, v[0], v[1], v[2], v[3], v[4], v[5]);
}

static void attack(const struct attack *a, const char *kind, long pointer)
{
    if (in_qemu_user() && (a->number == SYS_sysinfo || a->number == SYS_nanosleep))
        return;
    long r = make_call(a, pointer);
    if (r != -EFAULT)
        check_fail("%s with %s pointer %#lx: %ld, not %d", a->name, kind, pointer, r, -EFAULT);
    else
        CHECK(1);
}

static const struct {
    const char *kind;
    unsigned long address;
} bad_addresses[] = {
    {"a low", 8},
    {"a kernel", 0x80200000},
    {"a kernel", 0x80000000},
    {"a device's", 0x10000000000},
    {"a negative kernel", 0xffffffff80200000},
    {"a high", 0xffffffc000000000},
    {"a non-canonical", 0x4000000000000000},
    {"the topmost", 0xfffffffffffffff8},
    {"the last page's", 0xfffffffffffff000},
};

static void test_pointers(void)
{
    for (size_t i = 0; i < sizeof(attacks) / sizeof(attacks[0]); i++) {
        const struct attack *a = &attacks[i];
        for (size_t k = 0; k < sizeof(bad_addresses) / sizeof(bad_addresses[0]); k++)
            attack(a, bad_addresses[k].kind, (long)bad_addresses[k].address);
        if (!a->null_is_legal)
            attack(a, "a null", 0);
        attack(a, "an unmapped", (long)hole);
        attack(a, "an inaccessible", (long)no_access);
        if (a->direction == OUT || a->direction == OUT_PART)
            attack(a, "a read-only", (long)read_only);
        if (a->direction == OUT || a->direction == TEXT) {
            memset(edge - 8, 'x', 8);
            attack(a, "a border-crossing", (long)(edge - 4));
        }
    }
}

/* The buffers of read and write: from nowhere, and across the end of a mapping. */
static void test_buffers(void)
{
    static const long readers[] = {SYS_read, SYS_pread64}, writers[] = {SYS_write, SYS_pwrite64};
    for (int i = 0; i < 2; i++) {
        lseek(file, 0, SEEK_SET);
        EQUAL(sys_raw(readers[i], file, (long)hole, 16, 0, 0, 0), -EFAULT);
        EQUAL(sys_raw(readers[i], file, (long)read_only, 16, 0, 0, 0), -EFAULT);
        EQUAL(sys_raw(readers[i], file, 0x80200000, 16, 0, 0, 0), -EFAULT);
        EQUAL(sys_raw(readers[i], file, -16, 16, 0, 0, 0), -EFAULT);
        EQUAL(sys_raw(writers[i], file, (long)hole, 16, 0, 0, 0), -EFAULT);
        EQUAL(sys_raw(writers[i], file, (long)no_access, 16, 0, 0, 0), -EFAULT);
        EQUAL(sys_raw(writers[i], file, 0x80200000, 16, 0, 0, 0), -EFAULT);
        EQUAL(sys_raw(writers[i], file, -16, 16, 0, 0, 0), -EFAULT);
        /* Either nothing or what fits may be transferred. */
        long r = sys_raw(readers[i], file, (long)(edge - 4), 16, 0, 0, 0);
        CHECK(r == -EFAULT || r == 4);
        r = sys_raw(writers[i], file, (long)(edge - 4), 16, 0, 0, 0);
        CHECK(r == -EFAULT || r == 4);
    }
    EQUAL(sys_raw(SYS_read, file, (long)(edge - 4), -1, 0, 0, 0), -EFAULT);
    EQUAL(sys_raw(SYS_write, file, (long)(edge - 4), -1, 0, 0, 0), -EFAULT);
    EQUAL(sys_raw(SYS_write, file, (long)hole, 0, 0, 0, 0), 0);
}

static void test_pipe_buffers(void)
{
    char buf[8];
    EQUAL(sys_raw(SYS_write, pipe_out, (long)hole, 5, 0, 0, 0), -EFAULT);
    EQUAL(sys_raw(SYS_read, pipe_in, (long)buf, 8, 0, 0, 0), -EAGAIN); /* nothing went in */
    EQUAL(write(pipe_out, "hello", 5), 5);
    EQUAL(sys_raw(SYS_read, pipe_in, (long)hole, 5, 0, 0, 0), -EFAULT);
    EQUAL(sys_raw(SYS_read, pipe_in, (long)read_only, 5, 0, 0, 0), -EFAULT);
    /* Linux looks at no more of the buffer than it fills; qemu-riscv64 looks at all of it. */
    long size = on_onering() ? 0x7fffffff : 8;
    EQUAL(sys_raw(SYS_read, pipe_in, (long)buf, size, 0, 0, 0), 5);
    CHECK(memcmp(buf, "hello", 5) == 0);
}

static void test_vectors(void)
{
    char buf[4] = "abcd";
    struct iovec iov[3] = {{buf, 4}, {hole, 4}, {buf, 4}};
    EQUAL(sys_raw(SYS_writev, pipe_out, (long)hole, 1, 0, 0, 0), -EFAULT);
    EQUAL(sys_raw(SYS_writev, pipe_out, 0x80200000, 1, 0, 0, 0), -EFAULT);
    EQUAL(sys_raw(SYS_writev, pipe_out, (long)(edge - 8), 1, 0, 0, 0), -EFAULT);
    EQUAL(sys_raw(SYS_readv, pipe_in, (long)hole, 1, 0, 0, 0), -EFAULT);
    EQUAL(sys_raw(SYS_writev, pipe_out, (long)iov, -1, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_writev, pipe_out, (long)iov, IOV_MAX + 1, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_writev, pipe_out, (long)iov, 0, 0, 0, 0), 0);
    long r = sys_raw(SYS_writev, pipe_out, (long)iov, 3, 0, 0, 0);
    CHECK(r == -EFAULT || r == 4);
    iov[1] = (struct iovec){buf, (size_t)-1};
    r = sys_raw(SYS_writev, pipe_out, (long)iov, 2, 0, 0, 0);
    CHECK(r == -EINVAL || r == -EFAULT);
    while (read(pipe_in, buf, sizeof(buf)) > 0)
        continue;
}

static void test_arrays_of_pointers(void)
{
    char *argv[] = {good_path, hole, NULL};
    char *const bad_vectors[] = {hole, (char *)0x80200000, edge - 4, (char *)-8};
    for (int i = 0; i < 4; i++) {
        EQUAL(sys_raw(SYS_execve, (long)"/bin/true", (long)bad_vectors[i], 0, 0, 0, 0), -EFAULT);
        EQUAL(
            sys_raw(SYS_execve, (long)"/bin/true", (long)good_argv, (long)bad_vectors[i], 0, 0, 0),
            -EFAULT);
    }
    EQUAL(sys_raw(SYS_execve, (long)"/bin/true", (long)argv, 0, 0, 0, 0), -EFAULT);
    EQUAL(sys_raw(SYS_execve, (long)"/bin/true", (long)good_argv, (long)argv, 0, 0, 0), -EFAULT);
}

/* The child is waited for even when its status cannot be told. */
static void test_wait_status(void)
{
    pid_t pid = fork();
    if (pid == 0)
        _exit(3);
    EQUAL(sys_raw(SYS_wait4, pid, (long)hole, 0, 0, 0, 0), -EFAULT);
    EQUAL(sys_raw(SYS_wait4, pid, 0, 0, 0, 0, 0), -ECHILD);
}

/* A pipe whose descriptors cannot be told must not stay open. */
static void test_no_leak(void)
{
    if (in_qemu_user())
        return; /* there they do */
    int first = dup(0);
    close(first);
    for (int i = 0; i < 200; i++)
        EQUAL(sys_raw(SYS_pipe2, (long)read_only, 0, 0, 0, 0, 0), -EFAULT);
    int after = dup(0);
    EQUAL(after, first);
    close(after);
}

/* ---- names ---- */

static void test_names(void)
{
    static char name[6000];
    struct stat st;
    strcpy(edge - sizeof("/nope"), "/nope"); /* ends with the page */
    EQUAL(sys_raw(SYS_openat, AT, (long)(edge - sizeof("/nope")), 0, 0, 0, 0), -ENOENT);
    EQUAL(sys_raw(SYS_openat, AT, (long)"", 0, 0, 0, 0), -ENOENT);
    memset(name, 'x', sizeof(name) - 1);
    EQUAL(sys_raw(SYS_openat, AT, (long)name, 0, 0, 0, 0), -ENAMETOOLONG);
    EQUAL(sys_raw(SYS_mkdirat, AT, (long)name, 0, 0, 0, 0), -ENAMETOOLONG);
    strcpy(name + NAME_MAX + 1, "");
    EQUAL(sys_raw(SYS_openat, dir, (long)name, O_CREAT | O_WRONLY, 0666, 0, 0), -ENAMETOOLONG);
    strcpy(name + NAME_MAX, "");
    long fd = sys_raw(SYS_openat, dir, (long)name, O_CREAT | O_WRONLY, 0666, 0, 0);
    CHECK(fd >= 0);
    close((int)fd);
    EQUAL(sys_raw(SYS_unlinkat, dir, (long)name, 0, 0, 0, 0), 0);
    EQUAL(sys_raw(SYS_openat, AT, (long)"/tmp/t-args/file/x", 0, 0, 0, 0), -ENOTDIR);
    EQUAL(sys_raw(SYS_openat, AT, (long)"/tmp/t-args/file/", 0, 0, 0, 0), -ENOTDIR);
    EQUAL(sys_raw(SYS_newfstatat, AT, (long)"/tmp/t-args/no/x", (long)&st, 0, 0, 0), -ENOENT);
    EQUAL(sys_raw(SYS_newfstatat, file, (long)"x", (long)&st, 0, 0, 0), -ENOTDIR);
    EQUAL(sys_raw(SYS_openat, -1, (long)"x", 0, 0, 0, 0), -EBADF);
    EQUAL(sys_raw(SYS_getcwd, (long)name, 1, 0, 0, 0, 0), -ERANGE);
}

/* ---- garbage in the upper halves of registers ---- */

static void test_upper_halves(void)
{
    const long junk = 0x5eadbeef00000000;
    char buf[8] = "12345";
    EQUAL(sys_raw(SYS_write, junk | pipe_out, (long)buf, 5, 0, 0, 0), 5);
    EQUAL(sys_raw(SYS_read, junk | pipe_in, (long)buf, 8, 0, 0, 0), 5);
    EQUAL(sys_raw(SYS_lseek, junk | file, 7, junk | SEEK_SET, 0, 0, 0), 7);
    EQUAL(sys_raw(SYS_lseek, junk | file, 1, junk | SEEK_CUR, 0, 0, 0), 8);
    long fd = sys_raw(SYS_openat, junk | (unsigned)AT, (long)good_path, junk | O_RDONLY,
                      junk | 0666, 0, 0);
    CHECK(fd >= 0);
    EQUAL(sys_raw(SYS_dup3, junk | fd, junk | 30, in_qemu_user() ? 0 : junk, 0, 0, 0), 30);
    EQUAL(sys_raw(SYS_fcntl, junk | 30, junk | F_GETFD, 0, 0, 0, 0), 0);
    EQUAL(sys_raw(SYS_close, junk | 30, 0, 0, 0, 0, 0), 0);
    EQUAL(sys_raw(SYS_close, junk | fd, 0, 0, 0, 0, 0), 0);
    EQUAL(sys_raw(SYS_kill, junk | getpid(), junk, 0, 0, 0, 0), 0);
    EQUAL(sys_raw(SYS_getpgid, junk | getpid(), 0, 0, 0, 0, 0), getpgrp());
    /* A descriptor whose lower half is negative is none, whatever the upper half. */
    EQUAL(sys_raw(SYS_close, 0x00000000ffffffff, 0, 0, 0, 0, 0), -EBADF);
    EQUAL(sys_raw(SYS_close, 0x0000000080000000, 0, 0, 0, 0, 0), -EBADF);
}

/* ---- descriptors ---- */

static void test_bad_descriptors(void)
{
    static const int bad[] = {-1, 63, 64, 1000000, INT_MAX, INT_MIN};
    char buf[256];
    close(63);
    close(64);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        int fd = bad[i];
        EQUAL(sys_raw(SYS_read, fd, (long)buf, 1, 0, 0, 0), -EBADF);
        EQUAL(sys_raw(SYS_write, fd, (long)buf, 1, 0, 0, 0), -EBADF);
        EQUAL(sys_raw(SYS_pread64, fd, (long)buf, 1, 0, 0, 0), -EBADF);
        EQUAL(sys_raw(SYS_pwrite64, fd, (long)buf, 1, 0, 0, 0), -EBADF);
        EQUAL(sys_raw(SYS_close, fd, 0, 0, 0, 0, 0), -EBADF);
        EQUAL(sys_raw(SYS_dup, fd, 0, 0, 0, 0, 0), -EBADF);
        EQUAL(sys_raw(SYS_dup3, fd, 5, 0, 0, 0, 0), -EBADF);
        EQUAL(sys_raw(SYS_fcntl, fd, F_GETFD, 0, 0, 0, 0), -EBADF);
        EQUAL(sys_raw(SYS_ioctl, fd, 0x5401, (long)buf, 0, 0, 0), -EBADF);
        EQUAL(sys_raw(SYS_lseek, fd, 0, 0, 0, 0, 0), -EBADF);
        EQUAL(sys_raw(SYS_fstat, fd, (long)buf, 0, 0, 0, 0), -EBADF);
        EQUAL(sys_raw(SYS_ftruncate, fd, 0, 0, 0, 0, 0), -EBADF);
        EQUAL(sys_raw(SYS_getdents64, fd, (long)buf, sizeof(buf), 0, 0, 0), -EBADF);
    }
    EQUAL(sys_raw(SYS_dup3, file, -1, 0, 0, 0, 0), -EBADF);
    EQUAL(sys_raw(SYS_dup3, file, INT_MAX, 0, 0, 0, 0), -EBADF);
    EQUAL(sys_raw(SYS_dup3, file, file, 0, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_dup3, file, 40, 1, 0, 0, 0), -EINVAL);
    struct pollfd p = {.fd = 63, .events = POLLIN};
    EQUAL(sys_raw(SYS_ppoll, (long)&p, 1, 0, 0, 8, 0), 1);
    EQUAL(p.revents, POLLNVAL);
}

static void test_wrong_kinds(void)
{
    char buf[256];
    EQUAL(sys_raw(SYS_read, dir, (long)buf, 1, 0, 0, 0), -EISDIR);
    EQUAL(sys_raw(SYS_read, pipe_out, (long)buf, 1, 0, 0, 0), -EBADF);
    EQUAL(sys_raw(SYS_write, pipe_in, (long)buf, 1, 0, 0, 0), -EBADF);
    EQUAL(sys_raw(SYS_lseek, pipe_in, 0, SEEK_SET, 0, 0, 0), -ESPIPE);
    EQUAL(sys_raw(SYS_pread64, pipe_in, (long)buf, 1, 0, 0, 0), -ESPIPE);
    EQUAL(sys_raw(SYS_ftruncate, pipe_out, 0, 0, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_ftruncate, dir, 0, 0, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_ftruncate, file, -1, 0, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_getdents64, file, (long)buf, sizeof(buf), 0, 0, 0), -ENOTDIR);
    EQUAL(sys_raw(SYS_getdents64, dir, (long)buf, 1, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_lseek, file, -1, SEEK_SET, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_lseek, file, 0, 99, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_lseek, file, LONG_MIN, SEEK_CUR, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_pread64, file, (long)buf, 1, -1, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_pwrite64, file, (long)buf, 1, -1, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_pread64, file, (long)buf, 1, 1000, 0, 0), 0);
    EQUAL(sys_raw(SYS_ioctl, file, 0x5401, (long)buf, 0, 0, 0), -ENOTTY);
    EQUAL(sys_raw(SYS_fcntl, file, 9999, 0, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_fcntl, file, F_DUPFD, 100000000, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_fcntl, file, F_DUPFD, -1, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_pipe2, (long)buf, 0x7f, 0, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_openat, AT, (long)good_path, O_RDONLY | O_DIRECTORY, 0, 0, 0), -ENOTDIR);
    EQUAL(sys_raw(SYS_openat, AT, (long)"/tmp", O_WRONLY, 0, 0, 0), -EISDIR);
    EQUAL(sys_raw(SYS_openat, AT, (long)good_path, O_CREAT | O_EXCL, 0666, 0, 0), -EEXIST);
    EQUAL(sys_raw(SYS_mkdirat, AT, (long)good_path, 0777, 0, 0, 0), -EEXIST);
    EQUAL(sys_raw(SYS_unlinkat, AT, (long)"/tmp/t-args", 0, 0, 0, 0), -EISDIR);
    EQUAL(sys_raw(SYS_unlinkat, AT, (long)"/tmp/t-args", AT_REMOVEDIR, 0, 0, 0), -ENOTEMPTY);
    EQUAL(sys_raw(SYS_unlinkat, AT, (long)good_path, AT_REMOVEDIR, 0, 0, 0), -ENOTDIR);
    EQUAL(sys_raw(SYS_unlinkat, AT, (long)good_path, 0x1000000, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_chdir, (long)good_path, 0, 0, 0, 0, 0), -ENOTDIR);
    EQUAL(sys_raw(SYS_faccessat, AT, (long)good_path, 99, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_renameat2, AT, (long)good_path, AT, (long)good_path, 0x1000, 0), -EINVAL);
}

/* ---- values that mean nothing ---- */

static void test_bad_values(void)
{
    struct timespec bad = {0, 1000000000}, negative = {-1, 0};
    long word = 0;
    EQUAL(sys_raw(SYS_nanosleep, (long)&bad, 0, 0, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_nanosleep, (long)&negative, 0, 0, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_clock_gettime, 12345, (long)&bad, 0, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_clock_nanosleep, 12345, 0, (long)&short_time, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_kill, getpid(), 65, 0, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_kill, getpid(), -1, 0, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_kill, 0x3fffffff, 0, 0, 0, 0, 0), -ESRCH);
    EQUAL(sys_raw(SYS_tgkill, getpid(), -1, 0, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_tgkill, getpid(), 0x3fffffff, 0, 0, 0, 0), -ESRCH);
    EQUAL(sys_raw(SYS_rt_sigaction, 0, 0, (long)&bad, 8, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_rt_sigaction, 65, 0, (long)&bad, 8, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_rt_sigaction, SIGUSR1, 0, 0, 4, 0, 0), -EINVAL);
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    EQUAL(sys_raw(SYS_rt_sigaction, SIGKILL, (long)&ignore, 0, 8, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_rt_sigprocmask, 99, (long)&word, 0, 8, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_rt_sigprocmask, SIG_BLOCK, (long)&word, 0, 4, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_setpgid, -1, 0, 0, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_setpgid, 0, -1, 0, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_setpgid, 0x3fffffff, 0, 0, 0, 0, 0), -ESRCH);
    EQUAL(sys_raw(SYS_getpgid, 0x3fffffff, 0, 0, 0, 0, 0), -ESRCH);
    EQUAL(sys_raw(SYS_wait4, -1, 0, 0x10000, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_wait4, -1, 0, 0, 0, 0, 0), -ECHILD);
    EQUAL(sys_raw(SYS_wait4, getpid(), 0, 0, 0, 0, 0), -ECHILD);
    EQUAL(sys_raw(SYS_prlimit64, 0, 999, 0, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_getrandom, (long)&word, 4, 0x100, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_futex, (long)&word + 1, FUTEX_WAIT, 0, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_futex, (long)&word, FUTEX_WAIT, 1, 0, 0, 0), -EAGAIN);
    EQUAL(sys_raw(SYS_futex, (long)&word, 99, 0, 0, 0, 0), -ENOSYS);
    EQUAL(sys_raw(SYS_umount2, (long)"/tmp/t-args", 0, 0, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_mount, (long)"none", (long)"/tmp/t-args", (long)"nofs", 0, 0, 0), -ENODEV);
    EQUAL(sys_raw(SYS_reboot, 1, 2, 3, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_clone, 0x10000, 0, 0, 0, 0, 0), -EINVAL); /* THREAD without SIGHAND */
    EQUAL(sys_raw(SYS_clone, 0x00800, 0, 0, 0, 0, 0), -EINVAL); /* SIGHAND without VM */
}

static void test_memory_calls(void)
{
    if (in_qemu_user())
        return; /* some of these make it fail an assertion of its own */
    const int private = MAP_PRIVATE | MAP_ANONYMOUS, rw = PROT_READ | PROT_WRITE;
    long at = (long)hole;
    EQUAL(sys_raw(SYS_mmap, 0, 0, rw, private, -1, 0), -EINVAL);
    EQUAL(sys_raw(SYS_mmap, 0, PAGE, rw, MAP_ANONYMOUS, -1, 0), -EINVAL);
    EQUAL(sys_raw(SYS_mmap, 0, -1, rw, private, -1, 0), -ENOMEM);
    EQUAL(sys_raw(SYS_mmap, 0, LONG_MAX, rw, private, -1, 0), -ENOMEM);
    EQUAL(sys_raw(SYS_mmap, at + 1, PAGE, rw, private | MAP_FIXED, -1, 0), -EINVAL);
    EQUAL(sys_raw(SYS_mmap, -PAGE, PAGE, rw, private | MAP_FIXED, -1, 0), -ENOMEM);
    EQUAL(sys_raw(SYS_mmap, at, -PAGE, rw, private | MAP_FIXED, -1, 0), -ENOMEM);
    EQUAL(sys_raw(SYS_mmap, 0, PAGE, rw, MAP_PRIVATE, -1, 0), -EBADF);
    EQUAL(sys_raw(SYS_munmap, at + 1, PAGE, 0, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_munmap, at, 0, 0, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_munmap, -PAGE, PAGE, 0, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_munmap, at, -PAGE, 0, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_munmap, at, PAGE, 0, 0, 0, 0), 0); /* nothing there: fine */
    EQUAL(sys_raw(SYS_mprotect, at, PAGE, PROT_READ, 0, 0, 0), -ENOMEM);
    EQUAL(sys_raw(SYS_mprotect, at + 1, PAGE, PROT_READ, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_mprotect, at, 0, PROT_READ, 0, 0, 0), 0);
    EQUAL(sys_raw(SYS_mprotect, at - PAGE, -PAGE, PROT_READ, 0, 0, 0), -ENOMEM);
    EQUAL(sys_raw(SYS_madvise, at + 1, PAGE, 0, 0, 0, 0), -EINVAL);
    EQUAL(sys_raw(SYS_madvise, (long)edge - PAGE, PAGE, 9999, 0, 0, 0), -EINVAL);
    /* Addresses of the kernel are no place for a mapping, and hold none to change. */
    if (on_onering()) {
        EQUAL(sys_raw(SYS_mmap, 0x80200000, PAGE, rw, private | MAP_FIXED, -1, 0), -ENOMEM);
        EQUAL(sys_raw(SYS_munmap, 0x80200000, PAGE, 0, 0, 0, 0), -EINVAL);
        EQUAL(sys_raw(SYS_mprotect, 0x80200000, PAGE, rw, 0, 0, 0), -ENOMEM);
    }
    long end = sys_raw(SYS_brk, 0, 0, 0, 0, 0, 0);
    EQUAL(sys_raw(SYS_brk, -1, 0, 0, 0, 0, 0), end);
    EQUAL(sys_raw(SYS_brk, 1, 0, 0, 0, 0, 0), end);
    EQUAL(sys_raw(SYS_brk, 0x80200000, 0, 0, 0, 0, 0) == 0x80200000 && on_onering(), 0);
    sys_raw(SYS_brk, end, 0, 0, 0, 0, 0);
}

static void test_numbers(void)
{
    EQUAL(sys_raw(9999, 0, 0, 0, 0, 0, 0), -ENOSYS);
    EQUAL(sys_raw(-1, 0, 0, 0, 0, 0, 0), -ENOSYS);
    EQUAL(sys_raw(INT_MAX, 0, 0, 0, 0, 0, 0), -ENOSYS);
    if (on_onering()) { /* qemu-riscv64 takes the lower half of the number */
        EQUAL(sys_raw(LONG_MIN, 0, 0, 0, 0, 0, 0), -ENOSYS);
        EQUAL(sys_raw((1L << 32) | SYS_getpid, 0, 0, 0, 0, 0, 0), -ENOSYS);
    }
    EQUAL(registers_changed(SYS_getpid, 0), 0);
    EQUAL(registers_changed(SYS_sched_yield, 0), 0);
    EQUAL(registers_changed(SYS_close, -1), 0);
    EQUAL(registers_changed(SYS_uname, (long)edge - 500), 0);
    EQUAL(registers_changed(9999, 0), 0);
}

int main(void)
{
    set_up();
    test_pointers();
    test_buffers();
    test_pipe_buffers();
    test_vectors();
    test_arrays_of_pointers();
    test_wait_status();
    test_no_leak();
    test_names();
    test_upper_halves();
    test_bad_descriptors();
    test_wrong_kinds();
    test_bad_values();
    test_memory_calls();
    test_numbers();
    clean_up();
    return check_end("t-args");
}
