/* exit.c - the end of a program: atexit handlers, destructors, and out. */
#include "libc.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

extern void (*const __fini_array_start[])(void), (*const __fini_array_end[])(void);

/* Set by atexit.c, so that only a program that calls atexit carries it. */
void (*__run_atexit)(void);

_Noreturn void _exit(int status)
{
    for (;;)
        sys_exit_group(status);
}

_Noreturn void _Exit(int status)
{
    _exit(status);
}

_Noreturn void exit(int status)
{
    if (__run_atexit != NULL)
        __run_atexit();
    for (void (*const *fn)(void) = __fini_array_end; fn > __fini_array_start;)
        (*--fn)();
    _exit(status);
}
