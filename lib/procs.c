/* procs.c - the processes there are. */
#include "libc.h"

#include <onering/procs.h>

long onering_procs(struct proc_info *buf, size_t n)
{
    return __sysret(sys_onering_procs(buf, n));
}
