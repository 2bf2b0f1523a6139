/* 1 MiB through a file in memory, in pieces of 8 KiB: opening and closing it included. */
#include "bench.h"

#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

enum { FILE_RUNS = 9, FILE_SIZE = 1 << 20, PIECE = 8 << 10 };

#define FILE_NAME "/tmp/bench"

static char piece[PIECE];

/* As everybody's: touched before it is measured, and not all of one value. */
static void fill_piece(void)
{
    for (int i = 0; i < PIECE; i++)
        piece[i] = (char)(i * 7);
}

static void write_file(void)
{
    int fd = open(FILE_NAME, O_WRONLY | O_CREAT | O_EXCL, 0644);
    if (fd < 0)
        err(1, "%s", FILE_NAME);
    for (int done = 0; done < FILE_SIZE; done += PIECE)
        if (write(fd, piece, PIECE) != PIECE)
            err(1, "%s: write at %d", FILE_NAME, done);
    close(fd);
}

static void read_file(void)
{
    int done = 0;
    int fd = open(FILE_NAME, O_RDONLY);
    if (fd < 0)
        err(1, "%s", FILE_NAME);
    for (ssize_t n; (n = read(fd, piece, PIECE)) != 0; done += PIECE)
        if (n != PIECE)
            err(1, "%s: read at %d", FILE_NAME, done);
    if (done != FILE_SIZE)
        errx(1, "%s: it has %d bytes", FILE_NAME, done);
    close(fd);
}

/* A file system that loses bytes would win every race. */
static void check_file(void)
{
    static char written[PIECE];
    int fd = open(FILE_NAME, O_RDONLY);
    fill_piece();
    memcpy(written, piece, PIECE);
    for (int done = 0; done < FILE_SIZE; done += PIECE)
        if (read(fd, piece, PIECE) != PIECE || memcmp(piece, written, PIECE) != 0)
            errx(1, "%s: what is read at %d is not what was written", FILE_NAME, done);
    close(fd);
}

static void measure_write(unsigned long *samples, unsigned runs)
{
    fill_piece();
    for (unsigned i = 0; i < runs; i++) {
        unlink(FILE_NAME);
        unsigned long before = instructions();
        write_file();
        samples[i] = instructions() - before;
    }
    check_file();
    unlink(FILE_NAME);
}

const struct workload workload_write = {"write", "1 MiB in pieces of 8 KiB to a new file in /tmp",
                                        FILE_RUNS, measure_write};

static void measure_read(unsigned long *samples, unsigned runs)
{
    fill_piece();
    unlink(FILE_NAME);
    write_file();
    for (unsigned i = 0; i < runs; i++) {
        unsigned long before = instructions();
        read_file();
        samples[i] = instructions() - before;
    }
    check_file();
    unlink(FILE_NAME);
}

const struct workload workload_read = {"read", "1 MiB in pieces of 8 KiB from a file in /tmp",
                                       FILE_RUNS, measure_read};
