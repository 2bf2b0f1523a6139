/* printf.c - formatted output into a FILE. Each function has a twin without doubles: stdio.h. */
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
static int print(FILE *f, struct file_sink *to, const char *fmt, va_list ap)
{
    libc_lock(&f->lock);
    unsigned unbuffered = f->flags & F_NONE;
    f->flags &= ~F_NONE;
    to->f = f;
    to->sink.put = put_file;
    __format(&to->sink, fmt, ap);
    f->flags |= unbuffered;
    if (unbuffered && __file_flush(f) != 0)
        to->failed = 1;
    libc_unlock(&f->lock);
    return to->failed ? -1 : (int)to->sink.total;
}

/* --- without doubles --- */

static int plain_vfprintf(FILE *f, const char *fmt, va_list ap)
{
    struct file_sink to = {.failed = 0};
    return print(f, &to, fmt, ap);
}

int __plain_printf(const char *restrict fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = plain_vfprintf(stdout, fmt, ap);
    va_end(ap);
    return n;
}

int __plain_fprintf(FILE *restrict f, const char *restrict fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = plain_vfprintf(f, fmt, ap);
    va_end(ap);
    return n;
}

/* The FILE of a dprintf, in whose buffer the text is collected. */
#define DESCRIPTOR(number, buffer)                                                                 \
    {                                                                                              \
        .fd = (number), .flags = F_NONE, .buf = (buffer), .cap = sizeof(buffer)                    \
    }

int __plain_dprintf(int fd, const char *restrict fmt, ...)
{
    unsigned char buffer[128];
    FILE f = DESCRIPTOR(fd, buffer);
    va_list ap;
    va_start(ap, fmt);
    int n = plain_vfprintf(&f, fmt, ap);
    va_end(ap);
    return n;
}

/* --- with doubles --- */

int vfprintf(FILE *restrict f, const char *restrict fmt, va_list ap)
{
    struct file_sink to = {.sink = {.put_double = __format_double}};
    return print(f, &to, fmt, ap);
}

int vprintf(const char *restrict fmt, va_list ap)
{
    return vfprintf(stdout, fmt, ap);
}

int(printf)(const char *restrict fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vfprintf(stdout, fmt, ap);
    va_end(ap);
    return n;
}

int(fprintf)(FILE *restrict f, const char *restrict fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vfprintf(f, fmt, ap);
    va_end(ap);
    return n;
}

int(dprintf)(int fd, const char *restrict fmt, ...)
{
    unsigned char buffer[128];
    FILE f = DESCRIPTOR(fd, buffer);
    va_list ap;
    va_start(ap, fmt);
    int n = vfprintf(&f, fmt, ap);
    va_end(ap);
    return n;
}
