/* snprintf.c - formatted output into memory. */
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

int vsnprintf(char *restrict s, size_t size, const char *restrict fmt, va_list ap)
{
    struct memory_sink to = {.sink = {.put = put_memory}, .at = s, .room = size > 0 ? size - 1 : 0};
    __format(&to.sink, fmt, ap);
    if (size > 0)
        *to.at = '\0';
    return (int)to.sink.total;
}

int snprintf(char *restrict s, size_t size, const char *restrict fmt, ...)
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

int sprintf(char *restrict s, const char *restrict fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(s, INT_MAX, fmt, ap);
    va_end(ap);
    return n;
}
