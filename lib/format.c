/*
 * format.c - the printf language:  % flags width .precision size letter
 *
 * Text goes out through a sink in pieces (file.h), so that this file knows nothing of files or
 * buffers. A number is laid out as
 *
 *      blanks  prefix  zeros  body  zeros  tail  blanks
 *      "   "   "-0x"   "000"  "7f"  ""     ""    ""
 */
#include "file.h"

#include <ctype.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

enum size { SIZE_CHAR, SIZE_SHORT, SIZE_INT, SIZE_LONG };

static void put(struct text_sink *sink, const char *text, size_t n)
{
    if (n > 0)
        sink->put(sink, text, n);
    sink->total += n;
}

static void put_repeated(struct text_sink *sink, char c, size_t n)
{
    char piece[32];
    memset(piece, c, sizeof(piece));
    for (; n > sizeof(piece); n -= sizeof(piece))
        put(sink, piece, sizeof(piece));
    put(sink, piece, n);
}

void __format_pieces(struct text_sink *sink, const struct conversion *c, const struct pieces *p)
{
    size_t nprefix = strlen(p->prefix), ntail = strlen(p->tail), width = c->width;
    size_t length = nprefix + p->zeros + p->body_length + p->zeros_after + ntail;
    size_t blanks = width > length ? width - length : 0;
    if (!c->left)
        put_repeated(sink, ' ', blanks);
    put(sink, p->prefix, nprefix);
    put_repeated(sink, '0', p->zeros);
    put(sink, p->body, p->body_length);
    put_repeated(sink, '0', p->zeros_after);
    put(sink, p->tail, ntail);
    if (c->left)
        put_repeated(sink, ' ', blanks);
}

static void put_padded(struct text_sink *sink, const struct conversion *c, const char *s, size_t n)
{
    __format_pieces(sink, c,
                    &(struct pieces){.prefix = "", .body = s, .body_length = n, .tail = ""});
}

/* Zeros between prefix and digits: up to the precision, or else up to the width if '0' asks. */
static size_t leading_zeros(const struct conversion *c, size_t prefix, size_t digits)
{
    if (c->precision >= 0)
        return (size_t)c->precision > digits ? c->precision - digits : 0;
    if (c->zero && !c->left && (size_t)c->width > prefix + digits)
        return c->width - prefix - digits;
    return 0;
}

static void put_integer(struct text_sink *sink, const struct conversion *c, uint64_t value,
                        int negative, unsigned base)
{
    const char *symbols = c->type == 'X' ? "0123456789ABCDEF" : "0123456789abcdef";
    char digits[24], *end = digits + sizeof(digits), *at = end;
    char prefix[4], *p = prefix;
    for (uint64_t v = value; v != 0; v /= base)
        *--at = symbols[v % base];
    if (at == end && c->precision != 0)
        *--at = '0';
    if (c->alternate && base == 8 && *at != '0' && c->precision <= end - at)
        *--at = '0';

    if (negative || c->sign)
        *p++ = negative ? '-' : c->sign;
    if (base == 16 && ((c->alternate && value != 0) || c->type == 'p')) {
        *p++ = '0';
        *p++ = c->type == 'X' ? 'X' : 'x';
    }
    *p = '\0';
    __format_pieces(sink, c,
                    &(struct pieces){.prefix = prefix,
                                     .zeros = leading_zeros(c, p - prefix, end - at),
                                     .body = at,
                                     .body_length = end - at,
                                     .tail = ""});
}

static void put_signed(struct text_sink *sink, const struct conversion *c, enum size size,
                       va_list *ap)
{
    int64_t v = size == SIZE_LONG ? va_arg(*ap, long) : va_arg(*ap, int);
    if (size == SIZE_SHORT)
        v = (short)v;
    if (size == SIZE_CHAR)
        v = (signed char)v;
    put_integer(sink, c, v < 0 ? -(uint64_t)v : (uint64_t)v, v < 0, 10);
}

static void put_unsigned(struct text_sink *sink, struct conversion *c, enum size size, va_list *ap)
{
    uint64_t v = size == SIZE_LONG ? va_arg(*ap, unsigned long) : va_arg(*ap, unsigned);
    if (size == SIZE_SHORT)
        v = (unsigned short)v;
    if (size == SIZE_CHAR)
        v = (unsigned char)v;
    c->sign = 0;
    put_integer(sink, c, v, 0, c->type == 'u' ? 10 : c->type == 'o' ? 8 : 16);
}

static void put_string(struct text_sink *sink, const struct conversion *c, const char *s)
{
    if (s == NULL)
        s = "(null)";
    size_t n = c->precision >= 0 ? strnlen(s, c->precision) : strlen(s);
    put_padded(sink, c, s, n);
}

static const char *parse_flags(const char *s, struct conversion *c)
{
    for (;; s++) {
        if (*s == '-')
            c->left = 1;
        else if (*s == '0')
            c->zero = 1;
        else if (*s == '#')
            c->alternate = 1;
        else if (*s == '+' || (*s == ' ' && c->sign == 0))
            c->sign = *s;
        else if (*s != ' ')
            return s;
    }
}

static const char *parse_number(const char *s, int *value, va_list *ap)
{
    if (*s == '*') {
        *value = va_arg(*ap, int);
        return s + 1;
    }
    for (*value = 0; isdigit(*s); s++)
        if (*value < INT_MAX / 10 - 10)
            *value = *value * 10 + (*s - '0');
    return s;
}

static const char *parse_size(const char *s, enum size *size)
{
    *size = SIZE_INT;
    if (s[0] == 'h') {
        *size = s[1] == 'h' ? SIZE_CHAR : SIZE_SHORT;
        return s[1] == 'h' ? s + 2 : s + 1;
    }
    while (*s == 'l' || *s == 'z' || *s == 'j' || *s == 't') {
        *size = SIZE_LONG;
        s++;
    }
    return s;
}

/* Reads one conversion after its '%'; returns what follows it. */
static const char *parse_conversion(const char *s, struct conversion *c, enum size *size,
                                    va_list *ap)
{
    *c = (struct conversion){.precision = -1};
    s = parse_flags(s, c);
    s = parse_number(s, &c->width, ap);
    if (c->width < 0) {
        c->left = 1;
        c->width = -c->width;
    }
    if (*s == '.') {
        s = parse_number(s + 1, &c->precision, ap);
        if (c->precision < 0)
            c->precision = -1;
    }
    s = parse_size(s, size);
    c->type = *s;
    return *s != '\0' ? s + 1 : s;
}

static void put_conversion(struct text_sink *sink, struct conversion *c, enum size size,
                           va_list *ap)
{
    char byte;
    switch (c->type) {
    case 'd':
    case 'i': put_signed(sink, c, size, ap); break;
    case 'u':
    case 'o':
    case 'x':
    case 'X': put_unsigned(sink, c, size, ap); break;
    case 'p': put_unsigned(sink, c, SIZE_LONG, ap); break;
    case 'c':
        byte = (char)va_arg(*ap, int);
        put_padded(sink, c, &byte, 1);
        break;
    case 's': put_string(sink, c, va_arg(*ap, const char *)); break;
    case 'e':
    case 'E':
    case 'f':
    case 'F':
    case 'g':
    case 'G':
        if (sink->put_double != NULL) {
            sink->put_double(sink, c, va_arg(*ap, double));
            break;
        }
        __attribute__((fallthrough)); /* a double was promised and none is there */
    default:                          /* "%%", and what is no conversion stands for itself */
        put(sink, &c->type, c->type != '\0');
    }
}

void __format(struct text_sink *sink, const char *fmt, va_list arguments)
{
    va_list ap; /* a va_list parameter may be an array: only a copy has a portable address */
    va_copy(ap, arguments);
    while (*fmt != '\0') {
        const char *percent = strchrnul(fmt, '%');
        put(sink, fmt, percent - fmt);
        if (*percent == '\0')
            break;
        struct conversion c;
        enum size size;
        fmt = parse_conversion(percent + 1, &c, &size, &ap);
        put_conversion(sink, &c, size, &ap);
    }
    va_end(ap);
}
