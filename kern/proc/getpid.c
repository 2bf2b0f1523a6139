/* The smallest system calls, by which the way into the kernel and back is measured. */
#include "kern/proc/proc.h"
#include <onering/syscalls.h>

long sys_getpid(void)
{
    return proc_current()->pid;
}

long sys_getppid(void)
{
    spin_lock(&proc_lock);
    const struct proc *parent = proc_current()->parent;
    int pid = parent ? parent->pid : 0;
    spin_unlock(&proc_lock);
    return pid;
}
