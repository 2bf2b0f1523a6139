/* sched.c - giving the processor away. */
#include "libc.h"

#include <sched.h>

int sched_yield(void)
{
    return (int)__sysret(sys_sched_yield());
}
