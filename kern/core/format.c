/* Formatting text, the few directives a kernel needs. */
#include "kern/core/format.h"
#include "kern/core/printk.h"
#include "kern/core/string.h"
#include "kern/core/util.h"

#define DIGITS_MAX 20 /* of 2^64 - 1 in decimal */

/* One directive, %[-0#][width][l|z]kind, and what it becomes: prefix and text, padded to the width. */
struct directive {
    bool left, zeros, is_long; /* left: the flag - */
    int width;
    const char *prefix, *text;
    size_t length; /* of text */
    char digits[DIGITS_MAX];
};

struct formatter {
    format_sink *sink;
    void *arg;
    va_list args;
};

static void emit_repeated(const struct formatter *f, char byte, int count)
{
    while (count-- > 0)
        f->sink(f->arg, &byte, 1);
}

static void emit_field(const struct formatter *f, const struct directive *d)
{
    size_t prefix_length = strlen(d->prefix);
    int pad = d->width - (int)(prefix_length + d->length);
    int zeros = d->zeros && !d->left ? pad : 0;
    emit_repeated(f, ' ', d->left || zeros ? 0 : pad);
    f->sink(f->arg, d->prefix, prefix_length);
    emit_repeated(f, '0', zeros);
    f->sink(f->arg, d->text, d->length);
    emit_repeated(f, ' ', d->left ? pad : 0);
}

static void set_text(struct directive *d, const char *text, size_t length)
{
    d->text = text;
    d->length = length;
}

static void set_number(struct directive *d, uint64_t value, unsigned base)
{
    char *end = d->digits + DIGITS_MAX, *first = end;
    do {
        *--first = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0);
    set_text(d, first, (size_t)(end - first));
}

static void set_signed(struct directive *d, long value)
{
    if (value < 0)
        d->prefix = "-";
    set_number(d, value < 0 ? -(uint64_t)value : (uint64_t)value, 10);
}

static void convert(struct formatter *f, struct directive *d, char kind)
{
    const char *s;
    switch (kind) {
    case 'd':
    case 'i': set_signed(d, d->is_long ? va_arg(f->args, long) : va_arg(f->args, int)); break;
    case 'p': d->is_long = true; d->prefix = "0x"; /* fall through */
    case 'x':
    case 'u':
        set_number(d, d->is_long ? va_arg(f->args, unsigned long) : va_arg(f->args, unsigned),
                   kind == 'u' ? 10 : 16);
        break;
    case 's':
        s = va_arg(f->args, const char *);
        if (!s)
            s = "(null)";
        set_text(d, s, strlen(s));
        break;
    case 'c': kind = (char)va_arg(f->args, int); /* fall through */
    default: d->digits[0] = kind; set_text(d, d->digits, 1);
    }
}

/* Reads what stands behind a '%' and does it; returns the end of the directive. */
static const char *do_directive(struct formatter *f, const char *s)
{
    struct directive d = {.prefix = ""};
    for (;; s++) {
        if (*s == '-')
            d.left = true;
        else if (*s == '0')
            d.zeros = true;
        else if (*s == '#')
            d.prefix = "0x";
        else
            break;
    }
    if (*s == '*') {
        d.width = va_arg(f->args, int);
        s++;
    }
    for (; *s >= '0' && *s <= '9'; s++)
        d.width = 10 * d.width + *s - '0';
    for (; *s == 'l' || *s == 'z'; s++)
        d.is_long = true;
    if (*s == '\0')
        return s;
    convert(f, &d, *s);
    emit_field(f, &d);
    return s + 1;
}

void format_emit(format_sink *sink, void *arg, const char *format, va_list args)
{
    struct formatter f = {.sink = sink, .arg = arg};
    va_copy(f.args, args);
    while (*format) {
        const char *literal = format;
        while (*format && *format != '%')
            format++;
        sink(arg, literal, (size_t)(format - literal));
        if (*format == '%')
            format = do_directive(&f, format + 1);
    }
    va_end(f.args);
}

struct buffer {
    char *dst;
    size_t size;   /* of dst, NUL included */
    size_t length; /* of the text so far, whether or not it fitted */
};

static void append(void *arg, const char *bytes, size_t n)
{
    struct buffer *buffer = arg;
    if (buffer->length < buffer->size)
        memcpy(buffer->dst + buffer->length, bytes, MIN(n, buffer->size - buffer->length));
    buffer->length += n;
}

int format_string(char *dst, size_t size, const char *format, ...)
{
    struct buffer buffer = {dst, size, 0};
    va_list args;
    va_start(args, format);
    format_emit(append, &buffer, format, args);
    va_end(args);
    if (size > 0)
        dst[MIN(buffer.length, size - 1)] = '\0';
    return (int)buffer.length;
}
