/* atexit.c - functions to call at exit, the last one registered first. */
#include "libc.h"

#include <errno.h>
#include <stdlib.h>

enum { MAX_HANDLERS = 32 };

extern void (*__run_atexit)(void);

static void (*handlers[MAX_HANDLERS])(void);
static int nhandlers;
static int lock;

/* A handler may register another, which then runs next. */
static void run_handlers(void)
{
    while (nhandlers > 0)
        handlers[--nhandlers]();
}

int atexit(void (*fn)(void))
{
    int result = -1;
    libc_lock(&lock);
    if (nhandlers < MAX_HANDLERS) {
        handlers[nhandlers++] = fn;
        __run_atexit = run_handlers;
        result = 0;
    }
    libc_unlock(&lock);
    return result;
}
