/* numbers.c - calls by their number. */
#include "probe.h"

#include <onering/by_number.h>
#include <stdio.h>

enum { NARGS = 6 };

/* What @ stands for in the script: 0x64, then text. */
static struct {
    unsigned word;
    char text[28];
} memory = {100, "what the kernel shall read"};

static long argument(const char *word)
{
    return *word == '@' ? (long)&memory + (long)number_of(word + 1) : (long)number_of(word);
}

/* bynumber NUMBER A B C D E F */
void call_number(char **args)
{
    long a[NARGS], number = (long)number_of(args[0]);
    for (int i = 0; i < NARGS; i++)
        a[i] = argument(args[1 + i]);
    fflush(stdout);
    long result = onering_by_number(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    printf("\nbynumber %ld = %ld\n", number, result);
}

/* The number is a constant: one call is left, and here a jump. */
long constant_getpid(void) __attribute__((noipa));
long constant_getpid(void)
{
    return onering_by_number(SYS_getpid, 0, 0, 0, 0, 0, 0);
}

long constant_lseek(int fd, long offset, int whence) __attribute__((noipa));
long constant_lseek(int fd, long offset, int whence)
{
    return onering_by_number(SYS_lseek, fd, offset, whence, 0, 0, 0);
}

/* constant OFFSET: getpid, and lseek on the console */
void call_constant(char **args)
{
    printf("constant %ld %ld\n", constant_getpid(), constant_lseek(1, (long)number_of(args[0]), 0));
}
