/* t-pipe-threads - pipes between the threads of one program: who waits is woken, nothing is lost. */
#include "check.h"
#include "threads.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum { TOTAL = 500000, ROUNDS = 500, WRITERS = 4, RECORDS = 100, RECORD = 500 };

static char big[100000];

/* The error of a write that nobody will read. */
static void *write_big(void *arg)
{
    ssize_t n = write(*(int *)arg, big, sizeof(big));
    CHECK((n > 0 && n < (ssize_t)sizeof(big)) || (n == -1 && errno == EPIPE));
    return NULL;
}

static void *read_to_end(void *arg)
{
    char c;
    EQUAL(read(*(int *)arg, &c, 1), 0);
    return NULL;
}

/* The other end goes while a thread sleeps at this one. */
static void test_other_end_goes(void)
{
    int p[2];
    char buf[100];
    CHECK(pipe(p) == 0);
    pthread_t writer = start_thread(write_big, &p[1]);
    EQUAL(read(p[0], buf, sizeof(buf)), 100);
    sleep_ms(30);
    close(p[0]);
    pthread_join(writer, NULL);
    close(p[1]);
    CHECK(pipe(p) == 0);
    pthread_t reader = start_thread(read_to_end, &p[0]);
    sleep_ms(30);
    close(p[1]);
    pthread_join(reader, NULL);
    close(p[0]);
}

static void *write_later(void *arg)
{
    sleep_ms(30);
    EQUAL(write(*(int *)arg, "x", 1), 1);
    return NULL;
}

static void test_poll(void)
{
    int p[2];
    CHECK(pipe(p) == 0);
    struct pollfd f = {.fd = p[0], .events = POLLIN};
    EQUAL(poll(&f, 1, 20), 0);
    pthread_t writer = start_thread(write_later, &p[1]);
    EQUAL(poll(&f, 1, 10000), 1);
    EQUAL(f.revents, POLLIN);
    pthread_join(writer, NULL);
    close(p[0]);
    close(p[1]);
}

static char byte_at(size_t i)
{
    return (char)(i * 7 + i / 251);
}

static void *pump(void *arg)
{
    static char piece[9000];
    size_t size = 1;
    for (size_t sent = 0; sent < TOTAL; size = (size * 37 + 11) % sizeof(piece) + 1) {
        size_t n = size < TOTAL - sent ? size : TOTAL - sent;
        for (size_t i = 0; i < n; i++)
            piece[i] = byte_at(sent + i);
        if (write(*(int *)arg, piece, n) != (ssize_t)n)
            check_fail("a write is short");
        sent += n;
    }
    close(*(int *)arg);
    return NULL;
}

static void test_much(void)
{
    static char piece[7001];
    int p[2];
    size_t total = 0, wrong = 0;
    ssize_t n;
    CHECK(pipe(p) == 0);
    pthread_t writer = start_thread(pump, &p[1]);
    while ((n = read(p[0], piece, 1 + total % sizeof(piece))) > 0) {
        for (ssize_t i = 0; i < n; i++)
            wrong += piece[i] != byte_at(total + i);
        total += n;
    }
    EQUAL(total, TOTAL);
    EQUAL(wrong, 0);
    pthread_join(writer, NULL);
    close(p[0]);
}

static int there[2], back[2];

static void *answer(void *arg)
{
    unsigned char byte;
    while (read(there[0], &byte, 1) == 1) {
        byte++;
        write(back[1], &byte, 1);
    }
    return arg;
}

/* One byte there and one back: each side sleeps until the other has written. */
static void test_ping_pong(void)
{
    CHECK(pipe(there) == 0 && pipe(back) == 0);
    pthread_t other = start_thread(answer, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        unsigned char byte = (unsigned char)i;
        CHECK(write(there[1], &byte, 1) == 1 && read(back[0], &byte, 1) == 1);
        EQUAL(byte, (i + 1) % 256);
    }
    close(there[1]);
    pthread_join(other, NULL);
    close(there[0]);
    close(back[0]);
    close(back[1]);
}

static void *write_records(void *arg)
{
    static int next;
    char record[RECORD];
    memset(record, 'A' + __atomic_fetch_add(&next, 1, __ATOMIC_RELAXED), RECORD);
    for (int i = 0; i < RECORDS; i++)
        EQUAL(write(*(int *)arg, record, RECORD), RECORD);
    return NULL;
}

/* Writes of up to PIPE_BUF bytes are never mixed: each record holds one letter only. */
static void test_records(void)
{
    int p[2], counts[WRITERS] = {0};
    pthread_t writers[WRITERS];
    CHECK(pipe(p) == 0);
    for (int w = 0; w < WRITERS; w++)
        writers[w] = start_thread(write_records, &p[1]);
    for (int i = 0; i < WRITERS * RECORDS; i++) {
        char record[RECORD];
        size_t got = 0, mixed = 0;
        for (ssize_t n; got < RECORD && (n = read(p[0], record + got, RECORD - got)) > 0;)
            got += n;
        for (int k = 1; k < RECORD; k++)
            mixed += record[k] != record[0];
        EQUAL(mixed, 0);
        counts[(record[0] - 'A') % WRITERS]++;
    }
    for (int w = 0; w < WRITERS; w++) {
        pthread_join(writers[w], NULL);
        EQUAL(counts[w], RECORDS);
    }
    close(p[0]);
    close(p[1]);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    test_other_end_goes();
    test_poll();
    test_much();
    test_ping_pong();
    test_records();
    return check_end("t-pipe-threads");
}
