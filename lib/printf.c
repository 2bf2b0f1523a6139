/* printf.c - formatted output into a FILE. */
#include "file.h"

struct file_sink {
    struct text_sink sink;
    FILE *f;
    int failed;
};

static void put_file(struct text_sink *sink, const char *text, size_t n)
{
    struct file_sink *to = (struct file_sink *)sink;
    if (__file_write(to->f, text, n) != n)
        to->failed = 1;
}

/* An unbuffered FILE collects the pieces of one call all the same: they come out as one write. */
int vfprintf(FILE *restrict f, const char *restrict fmt, va_list ap)
{
    struct file_sink to = {.sink = {.put = put_file}, .f = f};
    libc_lock(&f->lock);
    unsigned unbuffered = f->flags & F_NONE;
    f->flags &= ~F_NONE;
    __format(&to.sink, fmt, ap);
    f->flags |= unbuffered;
    if (unbuffered && __file_flush(f) != 0)
        to.failed = 1;
    libc_unlock(&f->lock);
    return to.failed ? -1 : (int)to.sink.total;
}

int vprintf(const char *restrict fmt, va_list ap)
{
    return vfprintf(stdout, fmt, ap);
}

int printf(const char *restrict fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vfprintf(stdout, fmt, ap);
    va_end(ap);
    return n;
}

int fprintf(FILE *restrict f, const char *restrict fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vfprintf(f, fmt, ap);
    va_end(ap);
    return n;
}

int dprintf(int fd, const char *restrict fmt, ...)
{
    unsigned char buffer[128];
    FILE f = {.fd = fd, .flags = F_NONE, .buf = buffer, .cap = sizeof(buffer)};
    va_list ap;
    va_start(ap, fmt);
    int n = vfprintf(&f, fmt, ap);
    va_end(ap);
    return n;
}
