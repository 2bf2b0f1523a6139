/* errno.c - the error number of each thread, and the hooks of threads (see libc.h). */
#include "libc.h"

#include <errno.h>

_Thread_local int errno;

const struct thread_hooks *__thread_hooks;
void (*__run_key_destructors)(void);

long __sysret(long result)
{
    if ((unsigned long)result > -4096UL) {
        errno = (int)-result;
        return -1;
    }
    return result;
}

/* Where errno is, for code that knows no C library's headers. */
int *__errno_location(void)
{
    return &errno;
}
