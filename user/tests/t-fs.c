/* t-fs - files and directories on /tmp. */
#include "check.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static char buf[100000];

#define FAILS(call, error)                                                                         \
    do {                                                                                           \
        errno = 0;                                                                                 \
        EQUAL(call, -1);                                                                           \
        EQUAL(errno, error);                                                                       \
    } while (0)

static int make(const char *path, const char *text)
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC, 0644);
    CHECK(fd >= 0);
    EQUAL(write(fd, text, strlen(text)), strlen(text));
    return fd;
}

static int holds(const char *path, const char *text)
{
    char bytes[64];
    int fd = open(path, O_RDONLY);
    if (fd < 0)
        return 0;
    ssize_t n = read(fd, bytes, sizeof(bytes));
    close(fd);
    return n == (ssize_t)strlen(text) && memcmp(bytes, text, n) == 0;
}

static long size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? st.st_size : -1;
}

static void test_create(void)
{
    FAILS(open("f", O_RDONLY), ENOENT);
    close(make("f", "hello"));
    CHECK(holds("f", "hello"));
    FAILS(open("f", O_WRONLY | O_CREAT | O_EXCL, 0644), EEXIST);
    int fd = open("f", O_WRONLY | O_TRUNC);
    EQUAL(size_of("f"), 0);
    EQUAL(write(fd, "a", 1), 1);
    FAILS(read(fd, buf, 1), EBADF);
    close(fd);
    fd = open("f", O_RDONLY);
    FAILS(write(fd, "a", 1), EBADF);
    FAILS(ftruncate(fd, 0), EINVAL);
    close(fd);
    mode_t old = umask(027);
    close(open("m", O_WRONLY | O_CREAT, 0666));
    struct stat st;
    CHECK(stat("m", &st) == 0 && S_ISREG(st.st_mode));
    EQUAL(st.st_mode & 0777, 0640);
    EQUAL(umask(old), 027);
    EQUAL(unlink("m"), 0);
    EQUAL(unlink("f"), 0);
    FAILS(unlink("f"), ENOENT);
}

static void test_offsets(void)
{
    int fd = make("f", "0123456789"), copy = dup(fd);
    EQUAL(lseek(fd, 3, SEEK_SET), 3);
    EQUAL(read(copy, buf, 2), 2); /* a copy shares the offset */
    CHECK(memcmp(buf, "34", 2) == 0);
    EQUAL(lseek(fd, 0, SEEK_CUR), 5);
    EQUAL(lseek(fd, -2, SEEK_END), 8);
    EQUAL(read(fd, buf, 10), 2);
    EQUAL(read(fd, buf, 10), 0);
    EQUAL(pread(fd, buf, 3, 4), 3);
    CHECK(memcmp(buf, "456", 3) == 0);
    EQUAL(pwrite(fd, "AB", 2, 1), 2);
    EQUAL(lseek(fd, 0, SEEK_CUR), 10); /* neither moves it */
    int other = open("f", O_RDONLY);
    EQUAL(read(other, buf, 4), 4); /* another opening has its own */
    CHECK(memcmp(buf, "0AB3", 4) == 0);
    struct iovec iov[2] = {{buf, 2}, {buf + 50, 3}};
    EQUAL(readv(other, iov, 2), 5);
    CHECK(memcmp(buf, "45", 2) == 0 && memcmp(buf + 50, "678", 3) == 0);
    close(fd);
    close(copy);
    close(other);
    unlink("f");
}

static void test_append(void)
{
    close(make("f", "one"));
    int a = open("f", O_WRONLY | O_APPEND), b = open("f", O_RDWR);
    EQUAL(write(a, "two", 3), 3);
    EQUAL(lseek(b, 0, SEEK_END), 6);
    EQUAL(write(b, "three", 5), 5);
    EQUAL(lseek(a, 0, SEEK_SET), 0);
    EQUAL(write(a, "four", 4), 4);
    CHECK(holds("f", "onetwothreefour"));
    EQUAL(fcntl(b, F_SETFL, O_APPEND), 0);
    EQUAL(lseek(b, 0, SEEK_SET), 0);
    EQUAL(write(b, "!", 1), 1);
    CHECK(holds("f", "onetwothreefour!"));
    close(a);
    close(b);
    unlink("f");
}

static void test_truncate_and_holes(void)
{
    int fd = make("f", "0123456789");
    EQUAL(ftruncate(fd, 4), 0);
    CHECK(holds("f", "0123"));
    EQUAL(ftruncate(fd, 8), 0);
    EQUAL(pread(fd, buf, 100, 0), 8);
    CHECK(memcmp(buf, "0123\0\0\0\0", 8) == 0); /* what was cut off does not come back */
    EQUAL(pwrite(fd, "x", 1, 50000), 1);
    EQUAL(size_of("f"), 50001);
    memset(buf, 1, sizeof(buf));
    EQUAL(pread(fd, buf, sizeof(buf), 0), 50001);
    int zero = 1;
    for (int i = 4; i < 50000; i++)
        zero &= buf[i] == 0;
    CHECK(zero && buf[50000] == 'x');
    EQUAL(lseek(fd, 70000, SEEK_SET), 70000);
    EQUAL(read(fd, buf, 10), 0); /* beyond the end there is nothing */
    EQUAL(size_of("f"), 50001);
    EQUAL(ftruncate(fd, 0), 0);
    close(fd);
    unlink("f");
}

static void test_large(void)
{
    int fd = make("f", "");
    for (size_t i = 0; i < sizeof(buf); i++)
        buf[i] = (char)(i * 7 + i / 256);
    for (int i = 0; i < 5; i++)
        EQUAL(write(fd, buf, sizeof(buf)), sizeof(buf));
    static char back[sizeof(buf)];
    for (int i = 4; i >= 0; i--) {
        EQUAL(pread(fd, back, sizeof(back), (off_t)i * sizeof(buf)), sizeof(buf));
        CHECK(memcmp(buf, back, sizeof(buf)) == 0);
    }
    for (off_t at = 1; at < 400000; at += 4093) /* pieces across every border */
        CHECK(pread(fd, back, 10, at) == 10 && back[9] == buf[(at + 9) % sizeof(buf)]);
    close(fd);
    unlink("f");
}

/* A name may go while the file is open; the file goes with its last descriptor. */
static void test_unlinked(void)
{
    int fd = make("f", "kept");
    struct stat st;
    EQUAL(unlink("f"), 0);
    FAILS(open("f", O_RDONLY), ENOENT);
    EQUAL(pread(fd, buf, 10, 0), 4);
    CHECK(fstat(fd, &st) == 0 && st.st_nlink == 0 && st.st_size == 4);
    for (int i = 0; i < 10; i++)
        EQUAL(write(fd, buf, sizeof(buf)), sizeof(buf));
    close(make("f", "new")); /* the name is free */
    CHECK(holds("f", "new"));
    unlink("f");
    close(fd);
}

static void test_directories(void)
{
    struct stat st;
    EQUAL(mkdir("d", 0755), 0);
    FAILS(mkdir("d", 0755), EEXIST);
    FAILS(mkdir("no/d", 0755), ENOENT);
    close(make("d/f", "in d"));
    FAILS(mkdir("d/f/x", 0755), ENOTDIR);
    FAILS(rmdir("d"), ENOTEMPTY);
    FAILS(unlink("d"), EISDIR);
    FAILS(rmdir("d/f"), ENOTDIR);
    FAILS(open("d", O_WRONLY), EISDIR);
    FAILS(open("d", O_RDWR | O_CREAT, 0644), EISDIR);
    CHECK(stat("d", &st) == 0 && S_ISDIR(st.st_mode));
    CHECK(holds("d/./../d/f", "in d") && holds("d//f", "in d"));
    FAILS(rmdir("d/."), EINVAL);
    EQUAL(chdir("d"), 0);
    CHECK(holds("f", "in d") && holds("../d/f", "in d"));
    CHECK(getcwd(buf, sizeof(buf)) != NULL && strcmp(buf, "/tmp/t-fs/d") == 0);
    EQUAL(chdir(".."), 0);
    int dir = open("d", O_RDONLY | O_DIRECTORY), fd = openat(dir, "f", O_RDONLY);
    CHECK(fd >= 0);
    close(fd);
    close(dir);
    EQUAL(access("d/f", R_OK), 0);
    FAILS(access("d/g", F_OK), ENOENT);
    EQUAL(unlink("d/f"), 0);
    EQUAL(rmdir("d"), 0);
    FAILS(stat("d", &st), ENOENT);
}

static void test_rename(void)
{
    close(make("a", "A"));
    close(make("b", "B"));
    int fd = open("b", O_RDONLY);
    EQUAL(rename("a", "b"), 0); /* takes b's place */
    FAILS(access("a", F_OK), ENOENT);
    CHECK(holds("b", "A"));
    EQUAL(read(fd, buf, 10), 1);
    CHECK(buf[0] == 'B'); /* who had it open keeps the old one */
    close(fd);
    EQUAL(rename("b", "b"), 0);
    CHECK(holds("b", "A"));
    mkdir("d", 0755);
    mkdir("e", 0755);
    EQUAL(rename("b", "d/c"), 0);
    CHECK(holds("d/c", "A"));
    FAILS(rename("d/c", "e"), EISDIR);
    FAILS(rename("d", "d/c"), EINVAL); /* into itself */
    FAILS(rename("d", "d/x"), EINVAL);
    FAILS(rename("e", "d"), ENOTEMPTY);
    FAILS(rename("e", "d/c"), ENOTDIR);
    FAILS(rename("nope", "d/c"), ENOENT);
    EQUAL(rename("d", "e"), 0); /* an empty directory may be replaced */
    CHECK(holds("e/c", "A"));
    EQUAL(rename("e", "f"), 0);
    CHECK(holds("f/c", "A"));
    EQUAL(chdir("f"), 0);
    CHECK(getcwd(buf, sizeof(buf)) != NULL && strcmp(buf, "/tmp/t-fs/f") == 0);
    EQUAL(chdir(".."), 0);
    unlink("f/c");
    EQUAL(rmdir("f"), 0);
}

enum { MANY = 150 };

static void count_names(int *seen, int *others)
{
    struct dirent *e;
    DIR *d = opendir("d");
    CHECK(d != NULL);
    memset(seen, 0, MANY * sizeof(*seen));
    *others = 0;
    while ((e = readdir(d)) != NULL) {
        if (e->d_name[0] == 'n' && e->d_type == DT_REG && e->d_ino != 0)
            seen[atoi(e->d_name + 1)]++;
        else
            *others += strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ? 1 : 100;
    }
    closedir(d);
}

static void test_listing(void)
{
    static int seen[MANY];
    int others, wrong = 0;
    char name[32];
    mkdir("d", 0755);
    for (int i = 0; i < MANY; i++) {
        snprintf(name, sizeof(name), "d/n%d-%.*s", i, i % 15, "aaaaaaaaaaaaaaaa");
        close(open(name, O_WRONLY | O_CREAT, 0644));
    }
    count_names(seen, &others);
    EQUAL(others, 2);
    for (int i = 0; i < MANY; i++)
        wrong += seen[i] != 1;
    EQUAL(wrong, 0);
    for (int i = 0; i < MANY; i += 2) {
        snprintf(name, sizeof(name), "d/n%d-%.*s", i, i % 15, "aaaaaaaaaaaaaaaa");
        EQUAL(unlink(name), 0);
    }
    count_names(seen, &others);
    for (int i = 0; i < MANY; i++)
        wrong += seen[i] != i % 2;
    EQUAL(wrong, 0);
    for (int i = 1; i < MANY; i += 2) {
        snprintf(name, sizeof(name), "d/n%d-%.*s", i, i % 15, "aaaaaaaaaaaaaaaa");
        EQUAL(unlink(name), 0);
    }
    EQUAL(rmdir("d"), 0);
}

/* Several threads create, append, rename and remove in one directory. */
static void *worker(void *arg)
{
    int id = *(int *)arg;
    char mine[32], other[32];
    for (int i = 0; i < 60; i++) {
        snprintf(mine, sizeof(mine), "w%d-%d", id, i);
        snprintf(other, sizeof(other), "x%d-%d", id, i);
        int fd = make(mine, "work");
        EQUAL(rename(mine, other), 0);
        EQUAL(write(fd, "ed", 2), 2);
        close(fd);
        CHECK(holds(other, "worked"));
        EQUAL(unlink(other), 0);
        fd = open("shared", O_WRONLY | O_APPEND | O_CREAT, 0644);
        EQUAL(write(fd, "0123456789", 10), 10);
        close(fd);
    }
    return NULL;
}

static void test_together(void)
{
    enum { WORKERS = 4 };
    int ids[WORKERS];
    pthread_t threads[WORKERS];
    for (int i = 0; i < WORKERS; i++) {
        ids[i] = i;
        EQUAL(pthread_create(&threads[i], NULL, worker, &ids[i]), 0);
    }
    for (int i = 0; i < WORKERS; i++)
        EQUAL(pthread_join(threads[i], NULL), 0);
    EQUAL(size_of("shared"), WORKERS * 60 * 10); /* no append was lost */
    unlink("shared");
}

static void test_devices(void)
{
    int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDONLY);
    int random = open("/dev/random", O_RDONLY);
    struct stat st;
    EQUAL(read(null, buf, 10), 0);
    EQUAL(write(null, buf, 10), 10);
    memset(buf, 1, 100);
    EQUAL(read(zero, buf, 100), 100);
    CHECK(buf[0] == 0 && buf[99] == 0);
    EQUAL(read(random, buf, 32), 32);
    EQUAL(read(random, buf + 32, 32), 32);
    CHECK(memcmp(buf, buf + 32, 32) != 0);
    CHECK(fstat(null, &st) == 0 && S_ISCHR(st.st_mode));
    close(null);
    close(zero);
    close(random);
}

/* The root of a machine that was just started is read-only. */
static void test_read_only_root(void)
{
    FAILS(open("/t-fs", O_WRONLY | O_CREAT, 0644), EROFS);
    FAILS(mkdir("/t-fs", 0755), EROFS);
    FAILS(unlink("/bin/true"), EROFS);
    FAILS(rename("/bin/true", "/bin/false"), EROFS);
    FAILS(rename("/tmp/t-fs", "/bin/t-fs"), EXDEV);
    FAILS(rmdir("/tmp"), EROFS);
}

int main(void)
{
    CHECK(mkdir("/tmp/t-fs", 0755) == 0);
    CHECK(chdir("/tmp/t-fs") == 0);
    test_create();
    test_offsets();
    test_append();
    test_truncate_and_holes();
    test_large();
    test_unlinked();
    test_directories();
    test_rename();
    test_listing();
    test_together();
    test_devices();
    if (on_onering())
        test_read_only_root();
    CHECK(chdir("/") == 0);
    CHECK(rmdir("/tmp/t-fs") == 0);
    return check_end("t-fs");
}
