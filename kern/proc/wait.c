/* wait4: a parent learns how a child ended, and the child's record goes.
 *
 * A child turns into a zombie and wakes its parent's child_event in one step under proc_lock; the
 * parent looks and goes to sleep under the same lock, so no wake-up is lost. Any thread of a process
 * may wait for any child.
 */
#include "kern/proc/proc.h"
#include "kern/mem/uaccess.h"
#include "kern/sys/errno.h"
#include "kern/sys/time.h"
#include <onering/syscalls.h>
#include <limits.h>

/* What threads of other thread groups, or of other kinds, may be waited for: no difference here. */
#define WNOTHREAD 0x20000000
#define WALL      0x40000000
#define WCLONE    0x80000000

#define WAIT_OPTIONS (WNOHANG | WUNTRACED | WCONTINUED | WNOTHREAD | WALL | WCLONE)

struct ended_child {
    int pid;
    int status;
    uint64_t cpu_ns;
};

/* The first argument of wait4: one child, those of a group, those of the caller's group, or all. */
static bool is_selected(const struct proc *child, int pid)
{
    if (pid > 0)
        return child->pid == pid;
    if (pid == 0)
        return child->pgid == child->parent->pgid;
    return pid == -1 || child->pgid == -pid;
}

/* A selected zombie, NULL if there is none (yet). *some: is there a selected child at all? */
static struct proc *find_zombie(struct proc *parent, int pid, bool *some)
{
    struct proc *child;
    *some = false;
    list_for_each(child, &parent->children, sibling) {
        if (!is_selected(child, pid))
            continue;
        *some = true;
        if (child->state == PROC_ZOMBIE)
            return child;
    }
    return NULL;
}

static void take_zombie(struct proc *parent, struct proc *zombie, struct ended_child *ended)
{
    uint64_t cpu_ns = zombie->cpu_ns + zombie->children_cpu_ns;
    *ended = (struct ended_child){zombie->pid, zombie->wait_status, cpu_ns};
    parent->children_cpu_ns += cpu_ns;
    proc_reap(zombie);
}

/* 1: *ended is one; 0: none has ended yet, and WNOHANG says not to wait. */
static int wait_for_child(int pid, int options, struct ended_child *ended)
{
    struct proc *parent = proc_current(), *zombie;
    int result = 1;
    bool some;
    spin_lock(&proc_lock);
    while (!(zombie = find_zombie(parent, pid, &some))) {
        if (!some)
            result = -ECHILD;
        else if (options & WNOHANG)
            result = 0;
        else
            result = waitq_wait_spin(&parent->child_event, &proc_lock) ?: 1;
        if (result <= 0)
            break;
    }
    if (zombie)
        take_zombie(parent, zombie, ended);
    spin_unlock(&proc_lock);
    return result;
}

long sys_wait4(int pid, int *status, int options, struct rusage *usage)
{
    if (options & ~WAIT_OPTIONS)
        return -EINVAL;
    if (pid == INT_MIN)
        return -ESRCH;
    struct ended_child ended;
    int result = wait_for_child(pid, options, &ended);
    if (result <= 0)
        return result;
    if (status && copy_to_user(status, &ended.status, sizeof(ended.status)))
        return -EFAULT;
    struct rusage used = {.ru_utime = timeval_of_ns(ended.cpu_ns)};
    if (usage && copy_to_user(usage, &used, sizeof(used)))
        return -EFAULT;
    return ended.pid;
}
