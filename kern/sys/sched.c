/* System calls about the running thread that are the same in either shape. */
#include "kern/sched/thread.h"
#include <onering/syscalls.h>

long sys_sched_yield(void)
{
    thread_yield();
    return 0;
}

long sys_gettid(void)
{
    return thread_current()->tid;
}
