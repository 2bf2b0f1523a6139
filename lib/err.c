/* err.c - complaints of a program: "name: text: reason". */
#include "libc.h"

#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The whole line in one write, so that those of two programs do not mix. */
static void complain(const char *reason, const char *fmt, va_list ap)
{
    char text[512];
    const char *slash = strrchr(__program, '/');
    vsnprintf(text, sizeof(text), fmt, ap);
    fprintf(stderr, reason != NULL ? "%s: %s: %s\n" : "%s: %s\n",
            slash != NULL ? slash + 1 : __program, text, reason);
}

void warn(const char *fmt, ...)
{
    const char *reason = strerror(errno);
    va_list ap;
    va_start(ap, fmt);
    complain(reason, fmt, ap);
    va_end(ap);
}

void warnx(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    complain(NULL, fmt, ap);
    va_end(ap);
}

void err(int status, const char *fmt, ...)
{
    const char *reason = strerror(errno);
    va_list ap;
    va_start(ap, fmt);
    complain(reason, fmt, ap);
    va_end(ap);
    exit(status);
}

void errx(int status, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    complain(NULL, fmt, ap);
    va_end(ap);
    exit(status);
}
