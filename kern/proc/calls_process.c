/* System calls about who is who: pids, groups, sessions, the list of processes; and reboot. */
#include "kern/proc/proc.h"
#include "kern/core/string.h"
#include "kern/dev/power.h"
#include "kern/mem/pages.h"
#include "kern/mem/uaccess.h"
#include "kern/sys/errno.h"
#include "kern/sys/time.h"
#include <onering/syscalls.h>

#define CLOCK_TICKS_PER_SEC 100 /* the unit of times(2), whatever the kernel's own tick */

long sys_set_tid_address(int *tid)
{
    struct thread *thread = thread_current();
    thread->clear_child_tid = tid;
    return thread->tid;
}

/* Mutexes of dead threads are not recovered: the list is taken for the sake of C libraries which
 * announce one at every start. */
long sys_set_robust_list(void *head, size_t len)
{
    (void)head;
    return len == 3 * sizeof(long) ? 0 : -EINVAL;
}

/* proc_lock held. Is there a group pgid in session sid? */
static bool group_exists(int pgid, int sid)
{
    struct proc *proc;
    list_for_each(proc, &procs, all) {
        if (proc->pgid == pgid && proc->sid == sid)
            return true;
    }
    return false;
}

/* proc_lock held. */
static int set_group(struct proc *caller, struct proc *target, int pgid)
{
    if (!target || (target != caller && target->parent != caller))
        return -ESRCH;
    if (target->sid != caller->sid || target->sid == target->pid)
        return -EPERM;
    if (target != caller && target->has_execed)
        return -EACCES;
    if (pgid != target->pid && !group_exists(pgid, caller->sid))
        return -EPERM;
    target->pgid = pgid;
    return 0;
}

long sys_setpgid(int pid, int pgid)
{
    struct proc *caller = proc_current();
    if (pid == 0)
        pid = caller->pid;
    if (pgid == 0)
        pgid = pid;
    if (pgid < 0)
        return -EINVAL;
    spin_lock(&proc_lock);
    int result = set_group(caller, proc_find(pid), pgid);
    spin_unlock(&proc_lock);
    return result;
}

long sys_getpgid(int pid)
{
    spin_lock(&proc_lock);
    const struct proc *proc = pid ? proc_find(pid) : proc_current();
    int pgid = proc ? proc->pgid : -ESRCH;
    spin_unlock(&proc_lock);
    return pgid;
}

long sys_setsid(void)
{
    struct proc *caller = proc_current();
    spin_lock(&proc_lock);
    bool may = caller->pgid != caller->pid && !group_exists(caller->pid, caller->sid);
    if (may)
        caller->sid = caller->pgid = caller->pid;
    spin_unlock(&proc_lock);
    return may ? caller->pid : -EPERM;
}

static int64_t clock_ticks(uint64_t ns)
{
    return ns / (NS_PER_SEC / CLOCK_TICKS_PER_SEC);
}

/* Time in the kernel is not told apart from time in the program. */
long sys_times(struct tms *buf)
{
    struct proc *proc = proc_current();
    spin_lock(&proc_lock);
    struct tms used = {
        .tms_utime = clock_ticks(proc_cpu_ns(proc)),
        .tms_cutime = clock_ticks(proc->children_cpu_ns),
    };
    spin_unlock(&proc_lock);
    if (buf && copy_to_user(buf, &used, sizeof(used)))
        return -EFAULT;
    return clock_ticks(clock_now_ns());
}

uint64_t process_cpu_ns(void)
{
    spin_lock(&proc_lock);
    uint64_t ns = proc_cpu_ns(proc_current());
    spin_unlock(&proc_lock);
    return ns;
}

/* R if any thread runs or is ready to. */
static char state_letter(struct proc *proc)
{
    struct thread *thread;
    if (proc->state == PROC_ZOMBIE)
        return 'Z';
    list_for_each(thread, &proc->threads, proc_node) {
        if (thread->state == THREAD_RUNNING || thread->state == THREAD_READY)
            return 'R';
    }
    return 'S';
}

/* proc_lock held. */
static void describe(struct proc *proc, struct proc_info *info)
{
    *info = (struct proc_info){
        .pid = proc->pid,
        .ppid = proc->parent ? proc->parent->pid : 0,
        .pgid = proc->pgid,
        .state = state_letter(proc),
        .nthreads = proc->nthreads,
        .rss_kib = proc->space ? proc->space->resident * (PAGE_SIZE / KiB) : 0,
        .cpu_ns = proc_cpu_ns(proc),
    };
    memcpy(info->name, proc->name, sizeof(info->name));
}

/* The process with the lowest pid above `pid`: pids only grow, so a list read one process at a time
 * repeats nobody, however many come and go in between. False: that was the last. */
static bool describe_next(int pid, struct proc_info *info)
{
    struct proc *proc, *next = NULL;
    spin_lock(&proc_lock);
    list_for_each(proc, &procs, all) {
        if (proc->pid > pid && (!next || proc->pid < next->pid))
            next = proc;
    }
    if (next)
        describe(next, info);
    spin_unlock(&proc_lock);
    return next;
}

/* Describes up to `count` processes, by pid; returns how many there are. */
long sys_onering_procs(struct proc_info *buf, size_t count)
{
    struct proc_info info = {.pid = 0};
    size_t n = 0;
    for (; describe_next(info.pid, &info); n++) {
        if (n < count && copy_to_user(&buf[n], &info, sizeof(info)))
            return -EFAULT;
    }
    return n;
}

long sys_reboot(int magic1, int magic2, unsigned int cmd, const void *arg)
{
    (void)arg;
    if ((unsigned)magic1 != REBOOT_MAGIC1 || magic2 != REBOOT_MAGIC2)
        return -EINVAL;
    switch (cmd) {
    case REBOOT_CMD_POWER_OFF:
    case REBOOT_CMD_HALT: power_off(0);
    case REBOOT_CMD_RESTART: power_reset();
    default: return -EINVAL;
    }
}
