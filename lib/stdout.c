/*
 * stdout.c - the standard output, writing to any FILE, and writing out at exit.
 *
 * A program that only writes needs this file and no other of stdio's; its buffer is not from the
 * heap.
 */
#include "file.h"

#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static unsigned char buffer[BUFSIZ];

FILE __stdout_file = {
    .fd = STDOUT_FILENO, .flags = F_UNKNOWN, .buf = buffer, .cap = sizeof(buffer)};

struct __file *__open_files;
int __open_files_lock;

static size_t write_all(FILE *f, const unsigned char *src, size_t n)
{
    size_t done = 0;
    while (done < n) {
        ssize_t r = write(f->fd, src + done, n - done);
        if (r < 0) {
            f->flags |= F_ERROR;
            break;
        }
        done += r;
    }
    return done;
}

int __file_flush(FILE *f)
{
    if ((f->flags & F_WRITING) == 0)
        return 0;
    size_t n = f->end;
    f->end = f->pos = 0;
    f->flags &= ~F_WRITING;
    return write_all(f, f->buf, n) == n ? 0 : EOF;
}

void (*__file_give_back)(FILE *f);

/* Turns the buffer to output. What was read ahead is given back to the descriptor. */
static void start_writing(FILE *f)
{
    if (f->end > f->pos)
        __file_give_back(f);
    f->pos = f->end = 0;
    f->flags = (f->flags & ~F_EOF) | F_WRITING;
    if (f->flags & F_UNKNOWN) {
        f->flags &= ~F_UNKNOWN;
        if (isatty(f->fd))
            f->flags |= F_LINE;
    }
}

size_t __file_write(FILE *f, const char *src, size_t n)
{
    if ((f->flags & F_WRITING) == 0)
        start_writing(f);
    if (n > f->cap - f->end || f->cap == 0) {
        if (__file_flush(f) != 0)
            return 0;
        f->flags |= F_WRITING;
        if (n >= f->cap)
            return write_all(f, (const unsigned char *)src, n);
    }
    memcpy(f->buf + f->end, src, n);
    f->end += n;
    if ((f->flags & F_NONE) || ((f->flags & F_LINE) && memchr(src, '\n', n) != NULL))
        return __file_flush(f) == 0 ? n : 0;
    return n;
}

int fflush(FILE *f)
{
    int result = 0;
    if (f != NULL) {
        libc_lock(&f->lock);
        result = __file_flush(f);
        libc_unlock(&f->lock);
        return result;
    }
    libc_lock(&__open_files_lock);
    for (f = __open_files; f != NULL; f = f->next)
        result |= fflush(f);
    libc_unlock(&__open_files_lock);
    return result | fflush(stdout);
}

/* Destructors run from the highest priority number down, so this one is the last: those of the
 * program may still print. No lock: a thread that sleeps inside a FILE must not keep us. */
__attribute__((destructor(101))) static void flush_at_exit(void)
{
    __file_flush(stdout);
    for (FILE *f = __open_files; f != NULL; f = f->next)
        __file_flush(f);
}
