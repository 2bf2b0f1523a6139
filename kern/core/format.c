/* Formatting text, the few directives a kernel needs. */
#include "kern/core/format.h"
#include "kern/core/printk.h"
#include "kern/core/string.h"
#include "kern/core/util.h"

/* One directive: %[-0#][width][l|z]kind */
struct directive {
    bool left, zeros, prefix; /* the flags - 0 # */
    bool is_long;
    int width;
    char kind;
};

struct formatter {
    format_sink *sink;
    void *arg;
    va_list args;
};

#define DIGITS_MAX 20 /* of 2^64 - 1 in decimal */

static void emit(struct formatter *f, const char *bytes, size_t n)
{
    if (n > 0)
        f->sink(f->arg, bytes, n);
}

static void emit_repeated(struct formatter *f, char byte, int count)
{
    while (count-- > 0)
        emit(f, &byte, 1);
}

/* sign or prefix, zeros, text; padded with blanks to the width. */
static void emit_field(struct formatter *f, const struct directive *d, const char *prefix,
                       const char *text, size_t length)
{
    size_t prefix_length = strlen(prefix);
    int pad = d->width - (int)(prefix_length + length);
    bool zeros = d->zeros && !d->left;
    if (!d->left && !zeros)
        emit_repeated(f, ' ', pad);
    emit(f, prefix, prefix_length);
    if (zeros)
        emit_repeated(f, '0', pad);
    emit(f, text, length);
    if (d->left)
        emit_repeated(f, ' ', pad);
}

static void emit_number(struct formatter *f, const struct directive *d, const char *prefix,
                        uint64_t value, unsigned base)
{
    char digits[DIGITS_MAX];
    char *first = digits + DIGITS_MAX;
    do {
        *--first = "0123456789abcdef"[value % base];
        value /= base;
    } while (value > 0);
    emit_field(f, d, prefix, first, (size_t)(digits + DIGITS_MAX - first));
}

static void emit_signed(struct formatter *f, const struct directive *d)
{
    long value = d->is_long ? va_arg(f->args, long) : va_arg(f->args, int);
    uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
    emit_number(f, d, value < 0 ? "-" : "", magnitude, 10);
}

static void emit_string(struct formatter *f, const struct directive *d)
{
    const char *text = va_arg(f->args, const char *);
    if (!text)
        text = "(null)";
    emit_field(f, d, "", text, strlen(text));
}

static void emit_directive(struct formatter *f, struct directive *d)
{
    char byte = d->kind;
    switch (d->kind) {
    case 'd':
    case 'i': emit_signed(f, d); return;
    case 'p': d->is_long = d->prefix = true; /* fall through */
    case 'x':
    case 'u': {
        uint64_t value = d->is_long ? va_arg(f->args, unsigned long) : va_arg(f->args, unsigned);
        emit_number(f, d, d->prefix ? "0x" : "", value, d->kind == 'u' ? 10 : 16);
        return;
    }
    case 's': emit_string(f, d); return;
    case 'c': byte = (char)va_arg(f->args, int); /* fall through */
    default: emit_field(f, d, "", &byte, 1);
    }
}

/* Reads what stands behind a '%'; returns the end of the directive. */
static const char *parse_directive(struct formatter *f, const char *s, struct directive *d)
{
    *d = (struct directive){0};
    for (;; s++) {
        if (*s == '-')
            d->left = true;
        else if (*s == '0')
            d->zeros = true;
        else if (*s == '#')
            d->prefix = true;
        else
            break;
    }
    if (*s == '*') {
        d->width = va_arg(f->args, int);
        s++;
    }
    for (; *s >= '0' && *s <= '9'; s++)
        d->width = 10 * d->width + *s - '0';
    for (; *s == 'l' || *s == 'z'; s++)
        d->is_long = true;
    d->kind = *s;
    return *s ? s + 1 : s;
}

void format_emit(format_sink *sink, void *arg, const char *format, va_list args)
{
    struct formatter f = {.sink = sink, .arg = arg};
    va_copy(f.args, args);
    while (*format) {
        const char *literal = format;
        while (*format && *format != '%')
            format++;
        emit(&f, literal, (size_t)(format - literal));
        if (*format == '%') {
            struct directive directive;
            format = parse_directive(&f, format + 1, &directive);
            emit_directive(&f, &directive);
        }
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
