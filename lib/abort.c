/* abort.c - ending on purpose because something is wrong. */
#include <assert.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

_Noreturn void abort(void)
{
    raise(SIGABRT);
    signal(SIGABRT, SIG_DFL); /* it was ignored */
    raise(SIGABRT);
    _exit(128 + SIGABRT);
}

_Noreturn void __assert_fail(const char *what, const char *file, int line, const char *func)
{
    fflush(stdout);
    fprintf(stderr, "%s:%d: %s: assertion failed: %s\n", file, line, func, what);
    abort();
}
