/* Page faults of user programs: most are no errors, the page just is not there yet. */
#include "kern/proc/proc.h"
#include "kern/core/printk.h"
#include "kern/mem/pages.h"
#include "kern/sys/errno.h"

static unsigned wanted_access(unsigned long cause)
{
    switch (cause) {
    case EXC_FETCH_PAGE: return VM_EXEC;
    case EXC_LOAD_PAGE: return VM_READ;
    default: return VM_WRITE; /* atomic operations, which also read, count as stores */
    }
}

bool user_fault_resolve(struct trapframe *tf)
{
    int error;
    struct proc *proc = proc_current();
    if (vmspace_fault(proc->space, tf->addr, wanted_access(tf->cause), &error))
        return true;
    if (error != -ENOMEM)
        return false;
    printk("%s[%d]: killed: out of memory for the page at 0x%lx\n", proc->name, proc->pid,
           PAGE_DOWN(tf->addr));
    proc_exit_group(SIGKILL);
}
