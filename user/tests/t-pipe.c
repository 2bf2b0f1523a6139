/* t-pipe - pipes: order, ends that go away, full and empty ones, many at once, much data. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char big[100000];

static void test_simple(void)
{
    int p[2];
    char buf[16];
    struct stat st;
    CHECK(pipe(p) == 0);
    EQUAL(write(p[1], "abcdef", 6), 6);
    EQUAL(read(p[0], buf, 4), 4);
    CHECK(memcmp(buf, "abcd", 4) == 0);
    EQUAL(write(p[1], "gh", 2), 2);
    EQUAL(read(p[0], buf, 16), 4);
    CHECK(memcmp(buf, "efgh", 4) == 0);
    EQUAL(write(p[1], "", 0), 0);
    CHECK(fstat(p[0], &st) == 0 && S_ISFIFO(st.st_mode));
    EQUAL(write(p[1], "xyz", 3), 3);
    close(p[1]);
    EQUAL(read(p[0], buf, 16), 3); /* what was written is still there */
    EQUAL(read(p[0], buf, 16), 0);
    EQUAL(read(p[0], buf, 16), 0);
    close(p[0]);
}

/* ---- nobody reads ---- */

static void write_to_nobody(void *arg)
{
    int p[2];
    (void)arg;
    CHECK(pipe(p) == 0);
    close(p[0]);
    write(p[1], "x", 1);
}

static void test_broken(void)
{
    int status = in_child(write_to_nobody, NULL), p[2];
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
    signal(SIGPIPE, SIG_IGN);
    CHECK(pipe(p) == 0);
    close(p[0]);
    EQUAL(write(p[1], "x", 1), -1);
    EQUAL(errno, EPIPE);
    struct pollfd f = {.fd = p[1], .events = POLLOUT};
    EQUAL(poll(&f, 1, 0), 1);
    CHECK(f.revents & POLLERR);
    close(p[1]);
    signal(SIGPIPE, SIG_DFL);
}

static void writer_that_waits(void *arg)
{
    int *p = arg;
    close(p[0]);
    signal(SIGPIPE, SIG_IGN);
    ssize_t n =
        write(p[1], big, sizeof(big)); /* more than fits: sleeps, and then the reader goes */
    CHECK((n > 0 && n < (ssize_t)sizeof(big)) || (n == -1 && errno == EPIPE));
}

/* The last reader leaves while a writer sleeps: the writer must wake up. */
static void test_reader_leaves(void)
{
    int p[2], status;
    char buf[100];
    CHECK(pipe(p) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        writer_that_waits(p);
        _exit(0);
    }
    close(p[1]);
    EQUAL(read(p[0], buf, sizeof(buf)), 100);
    sleep_ms(30);
    close(p[0]);
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

/* The last writer leaves while a reader sleeps. */
static void test_writer_leaves(void)
{
    int p[2], status;
    CHECK(pipe(p) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        char c;
        close(p[1]);
        _exit(read(p[0], &c, 1) != 0);
    }
    close(p[0]);
    sleep_ms(30);
    close(p[1]);
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

/* ---- without waiting ---- */

static void test_nonblocking(void)
{
    int p[2];
    char buf[64];
    ssize_t n, room = 0;
    CHECK(pipe2(p, O_NONBLOCK) == 0);
    EQUAL(fcntl(p[0], F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    EQUAL(read(p[0], buf, 1), -1);
    EQUAL(errno, EAGAIN);
    struct pollfd f[2] = {{.fd = p[0], .events = POLLIN}, {.fd = p[1], .events = POLLOUT}};
    EQUAL(poll(f, 2, 0), 1);
    CHECK(f[0].revents == 0 && f[1].revents == POLLOUT);
    while ((n = write(p[1], big, 1000)) > 0)
        room += n;
    EQUAL(errno, EAGAIN);
    CHECK(room > PIPE_BUF - 1000);
    EQUAL(poll(f, 2, 0), 1);
    CHECK(f[0].revents == POLLIN && f[1].revents == 0);
    while ((n = read(p[0], buf, sizeof(buf))) > 0)
        room -= n;
    EQUAL(room, 0);
    EQUAL(write(p[1], big, sizeof(big)) < (ssize_t)sizeof(big), 1); /* part of it */
    close(p[1]);
    while (read(p[0], buf, sizeof(buf)) > 0)
        continue;
    EQUAL(poll(f, 1, 0), 1);
    CHECK(f[0].revents & POLLHUP);
    close(p[0]);
}

static void test_poll_waits(void)
{
    int p[2], status;
    CHECK(pipe(p) == 0);
    struct pollfd f = {.fd = p[0], .events = POLLIN};
    long start = now_ms();
    EQUAL(poll(&f, 1, 50), 0);
    CHECK(now_ms() - start >= 49);
    pid_t pid = fork();
    if (pid == 0) {
        sleep_ms(30);
        _exit(write(p[1], "x", 1) != 1);
    }
    EQUAL(poll(&f, 1, 10000), 1);
    EQUAL(f.revents, POLLIN);
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    close(p[0]);
    close(p[1]);
}

/* ---- much data ---- */

enum { TOTAL = 2000000 };

static unsigned next_random(unsigned *state)
{
    return *state = *state * 1103515245 + 12345;
}

static void pump(int fd)
{
    unsigned bytes = 1, sizes = 2;
    static char piece[9000];
    for (size_t left = TOTAL; left > 0;) {
        size_t n = 1 + (next_random(&sizes) >> 8) % sizeof(piece);
        if (n > left)
            n = left;
        for (size_t i = 0; i < n; i++)
            piece[i] = (char)(next_random(&bytes) >> 16);
        for (size_t done = 0; done < n;) {
            ssize_t w = write(fd, piece + done, n - done);
            if (w <= 0)
                _exit(1);
            done += w;
        }
        left -= n;
    }
}

static void test_much(void)
{
    int p[2], status;
    static char piece[7001];
    CHECK(pipe(p) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(p[0]);
        pump(p[1]);
        _exit(0);
    }
    close(p[1]);
    unsigned bytes = 1, sizes = 3;
    size_t total = 0, wrong = 0;
    for (ssize_t n;;) {
        n = read(p[0], piece, 1 + (next_random(&sizes) >> 8) % sizeof(piece));
        if (n <= 0)
            break;
        for (ssize_t i = 0; i < n; i++)
            wrong += piece[i] != (char)(next_random(&bytes) >> 16);
        total += n;
    }
    EQUAL(total, TOTAL);
    EQUAL(wrong, 0);
    close(p[0]);
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

/* One byte there and one back: each side sleeps until the other has written. */
static void test_ping_pong(void)
{
    enum { ROUNDS = 500 };
    int there[2], back[2], status;
    unsigned char byte;
    CHECK(pipe(there) == 0 && pipe(back) == 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(there[1]);
        while (read(there[0], &byte, 1) == 1) {
            byte++;
            write(back[1], &byte, 1);
        }
        _exit(0);
    }
    for (int i = 0; i < ROUNDS; i++) {
        byte = (unsigned char)i;
        CHECK(write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1);
        EQUAL(byte, (i + 1) % 256);
    }
    close(there[0]);
    close(there[1]);
    close(back[0]);
    close(back[1]);
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

/* Writes of up to PIPE_BUF bytes are never mixed: each record holds one letter only. */
static void test_atomic_records(void)
{
    enum { WRITERS = 4, RECORDS = 100, RECORD = 500 };
    int p[2], status, counts[WRITERS] = {0};
    char record[RECORD];
    CHECK(pipe(p) == 0);
    for (int w = 0; w < WRITERS; w++)
        if (fork() == 0) {
            memset(record, 'A' + w, RECORD);
            for (int i = 0; i < RECORDS; i++)
                if (write(p[1], record, RECORD) != RECORD)
                    _exit(1);
            _exit(0);
        }
    close(p[1]);
    for (;;) {
        size_t got = 0;
        ssize_t n = 0;
        while (got < RECORD && (n = read(p[0], record + got, RECORD - got)) > 0)
            got += n;
        if (got == 0)
            break;
        int mixed = got != RECORD;
        for (int i = 1; i < RECORD; i++)
            mixed |= record[i] != record[0];
        if (mixed) {
            check_fail("a record is mixed");
            break;
        }
        counts[record[0] - 'A']++;
    }
    for (int w = 0; w < WRITERS; w++) {
        EQUAL(counts[w], RECORDS);
        CHECK(wait(&status) > 0 && status == 0);
    }
    close(p[0]);
}

int main(void)
{
    test_simple();
    test_broken();
    test_reader_leaves();
    test_writer_leaves();
    test_nonblocking();
    test_poll_waits();
    test_much();
    test_ping_pong();
    test_atomic_records();
    return check_end("t-pipe");
}
