/* snprintf.c - formatted output into memory. Each function has a twin without doubles: stdio.h. */
#include "file.h"

#include <limits.h>
#include <string.h>

struct memory_sink {
    struct text_sink sink;
    char *at;
    size_t room; /* without the final zero */
};

static void put_memory(struct text_sink *sink, const char *text, size_t n)
{
    struct memory_sink *to = (struct memory_sink *)sink;
    if (n > to->room)
        n = to->room;
    memcpy(to->at, text, n);
    to->at += n;
    to->room -= n;
}

/* `to` says whether there are doubles. */
static int print(char *s, size_t size, struct memory_sink *to, const char *fmt, va_list ap)
{
    to->at = s;
    to->room = size > 0 ? size - 1 : 0;
    to->sink.put = put_memory;
    __format(&to->sink, fmt, ap);
    if (size > 0)
        *to->at = '\0';
    return (int)to->sink.total;
}

/* --- without doubles --- */

static int plain_vsnprintf(char *s, size_t size, const char *fmt, va_list ap)
{
    struct memory_sink to = {.room = 0};
    return print(s, size, &to, fmt, ap);
}

int __plain_snprintf(char *restrict s, size_t size, const char *restrict fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = plain_vsnprintf(s, size, fmt, ap);
    va_end(ap);
    return n;
}

int __plain_sprintf(char *restrict s, const char *restrict fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = plain_vsnprintf(s, INT_MAX, fmt, ap);
    va_end(ap);
    return n;
}

/* --- with doubles --- */

int vsnprintf(char *restrict s, size_t size, const char *restrict fmt, va_list ap)
{
    struct memory_sink to = {.sink = {.put_double = __format_double}};
    return print(s, size, &to, fmt, ap);
}

int(snprintf)(char *restrict s, size_t size, const char *restrict fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(s, size, fmt, ap);
    va_end(ap);
    return n;
}

int vsprintf(char *restrict s, const char *restrict fmt, va_list ap)
{
    return vsnprintf(s, INT_MAX, fmt, ap);
}

int(sprintf)(char *restrict s, const char *restrict fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(s, INT_MAX, fmt, ap);
    va_end(ap);
    return n;
}
