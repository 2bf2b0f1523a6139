/* Signals: who gets them, and what they do to whom.
 *
 * A signal is sent to a process or to one thread; it becomes a bit in the target's `sigpending`, and a
 * thread that does not block it is interrupted: its interruptible waits end with -EINTR, and on its way
 * to user mode it acts on the signal in signal_deliver(). What a signal would not do anything about is
 * not even recorded, and a fatal one makes the whole process leave from the moment it is sent.
 *
 * There are no handlers yet: a signal is ignored or fatal. Processes are not stopped either: SIGSTOP,
 * SIGTSTP, SIGTTIN and SIGTTOU are taken and have no effect.
 */
#include "kern/proc/proc.h"
#include "kern/mem/uaccess.h"
#include "kern/sys/errno.h"
#include <onering/syscalls.h>

#define BIT(sig) (1UL << ((sig)-1))

#define UNBLOCKABLE (BIT(SIGKILL) | BIT(SIGSTOP))

#define IGNORED_BY_DEFAULT                                                                         \
    (BIT(SIGCHLD) | BIT(SIGURG) | BIT(SIGWINCH) | BIT(SIGCONT) | BIT(SIGSTOP) | BIT(SIGTSTP) |     \
     BIT(SIGTTIN) | BIT(SIGTTOU))

/* init gets only signals it has asked for: it must not be killed by accident. */
static bool is_ignored(const struct proc *proc, int sig)
{
    if (proc->actions[sig - 1].handler == SIG_IGN)
        return true;
    return (BIT(sig) & IGNORED_BY_DEFAULT) || proc == proc_init();
}

static bool is_valid(int sig)
{
    return sig >= 1 && sig <= NSIG;
}

static struct thread *thread_that_takes(struct proc *proc, unsigned long signals)
{
    struct thread *thread;
    list_for_each(thread, &proc->threads, proc_node) {
        if (signals & ~thread->sigmask)
            return thread;
    }
    return NULL;
}

void signal_send_proc(struct proc *proc, int sig)
{
    if (proc->state == PROC_ZOMBIE || !is_valid(sig) || is_ignored(proc, sig))
        return;
    if (thread_that_takes(proc, BIT(sig)))
        proc_begin_exit(proc, sig);
    else
        proc->sigpending |= BIT(sig);
}

void signal_send_thread(struct thread *thread, int sig)
{
    if (is_ignored(thread->proc, sig))
        return;
    if (thread->sigmask & BIT(sig))
        thread->sigpending |= BIT(sig);
    else
        proc_begin_exit(thread->proc, sig);
}

void signal_retarget(struct proc *proc)
{
    struct thread *thread = thread_that_takes(proc, proc->sigpending);
    if (thread)
        thread_interrupt(thread);
}

void signal_send_group(int pgid, int sig)
{
    struct proc *proc;
    spin_lock(&proc_lock);
    list_for_each(proc, &procs, all) {
        if (proc->pgid == pgid)
            signal_send_proc(proc, sig);
    }
    spin_unlock(&proc_lock);
}

/* The lowest pending signal that the thread does not block, no longer pending; 0: none. */
static int next_signal(struct thread *thread)
{
    struct proc *proc = thread->proc;
    unsigned long deliverable = (thread->sigpending | proc->sigpending) & ~thread->sigmask;
    if (!deliverable)
        return 0;
    int sig = 1;
    while (!(deliverable & BIT(sig)))
        sig++;
    thread->sigpending &= ~BIT(sig);
    proc->sigpending &= ~BIT(sig);
    return sig;
}

void signal_deliver(void)
{
    struct thread *thread = thread_current();
    struct proc *proc = thread->proc;
    int sig;
    spin_lock(&proc_lock);
    __atomic_store_n(&thread->interrupted, false, __ATOMIC_RELAXED); /* set under the lock, too */
    while ((sig = next_signal(thread))) {
        if (!is_ignored(proc, sig)) /* the action may have changed since it was sent */
            proc_begin_exit(proc, sig);
    }
    bool leave = proc_must_leave(thread);
    int wait_status = proc->wait_status;
    spin_unlock(&proc_lock);
    if (leave)
        proc_exit_thread(wait_status);
}

/* Does kill(pid) mean this process? */
static bool is_target(const struct proc *proc, int pid, const struct proc *sender)
{
    if (pid > 0)
        return proc->pid == pid;
    if (pid == 0)
        return proc->pgid == sender->pgid;
    if (pid == -1)
        return proc != sender && proc != proc_init();
    return proc->pgid == -pid;
}

int signal_kill(int pid, int sig)
{
    struct proc *proc, *sender = proc_current();
    int result = -ESRCH;
    if (sig != 0 && !is_valid(sig))
        return -EINVAL;
    spin_lock(&proc_lock);
    list_for_each(proc, &procs, all) {
        if (!is_target(proc, pid, sender))
            continue;
        result = 0;
        signal_send_proc(proc, sig); /* signal 0 goes nowhere */
    }
    spin_unlock(&proc_lock);
    return result;
}

void signal_broken_pipe(void)
{
    spin_lock(&proc_lock);
    signal_send_thread(thread_current(), SIGPIPE);
    spin_unlock(&proc_lock);
}

long sys_kill(int pid, int sig)
{
    return signal_kill(pid, sig);
}

static struct thread *find_thread(const struct proc *proc, int tid)
{
    struct thread *thread;
    list_for_each(thread, &proc->threads, proc_node) {
        if (thread->tid == tid)
            return thread;
    }
    return NULL;
}

static struct thread *find_thread_anywhere(int tid)
{
    struct thread *thread;
    struct proc *proc;
    list_for_each(proc, &procs, all) {
        thread = find_thread(proc, tid);
        if (thread)
            return thread;
    }
    return NULL;
}

/* proc_lock held. */
static long send_if_there(struct thread *thread, int sig)
{
    if (thread && sig != 0)
        signal_send_thread(thread, sig);
    return thread ? 0 : -ESRCH;
}

long sys_tgkill(int tgid, int tid, int sig)
{
    if (tgid <= 0 || tid <= 0 || (sig != 0 && !is_valid(sig)))
        return -EINVAL;
    spin_lock(&proc_lock);
    struct proc *proc = proc_find(tgid);
    long result = send_if_there(proc ? find_thread(proc, tid) : NULL, sig);
    spin_unlock(&proc_lock);
    return result;
}

long sys_tkill(int tid, int sig)
{
    if (tid <= 0 || (sig != 0 && !is_valid(sig)))
        return -EINVAL;
    spin_lock(&proc_lock);
    long result = send_if_there(find_thread_anywhere(tid), sig);
    spin_unlock(&proc_lock);
    return result;
}

/* Ignoring a signal also drops what is pending of it. */
static void drop_pending(struct proc *proc, int sig)
{
    struct thread *thread;
    proc->sigpending &= ~BIT(sig);
    list_for_each(thread, &proc->threads, proc_node) {
        thread->sigpending &= ~BIT(sig);
    }
}

static void set_action(struct proc *proc, int sig, const struct ksigaction *action)
{
    proc->actions[sig - 1] = *action;
    if (is_ignored(proc, sig))
        drop_pending(proc, sig);
}

long sys_rt_sigaction(int sig, const struct sigaction *act, struct sigaction *old,
                      size_t sigsetsize)
{
    struct proc *proc = proc_current();
    struct ksigaction new;
    if (sigsetsize != sizeof(new.mask) || !is_valid(sig))
        return -EINVAL;
    if (act && (BIT(sig) & UNBLOCKABLE))
        return -EINVAL;
    if (act && copy_from_user(&new, act, sizeof(new)))
        return -EFAULT;
    if (act && new.handler != SIG_DFL &&new.handler != SIG_IGN)
        return -ENOSYS;
    spin_lock(&proc_lock);
    struct ksigaction before = proc->actions[sig - 1];
    if (act)
        set_action(proc, sig, &new);
    spin_unlock(&proc_lock);
    return old && copy_to_user(old, &before, sizeof(before)) ? -EFAULT : 0;
}

static void set_mask(struct thread *thread, unsigned long mask)
{
    struct proc *proc = thread->proc;
    spin_lock(&proc_lock);
    thread->sigmask = mask & ~UNBLOCKABLE;
    if ((thread->sigpending | proc->sigpending) & ~thread->sigmask)
        thread_interrupt(thread);
    spin_unlock(&proc_lock);
}

long sys_rt_sigprocmask(int how, const unsigned long *set, unsigned long *old, size_t sigsetsize)
{
    struct thread *thread = thread_current();
    unsigned long before = thread->sigmask, signals; /* only the thread itself changes it */
    if (sigsetsize != sizeof(signals))
        return -EINVAL;
    if (set && copy_from_user(&signals, set, sizeof(signals)))
        return -EFAULT;
    if (set && how != SIG_BLOCK && how != SIG_UNBLOCK && how != SIG_SETMASK)
        return -EINVAL;
    if (set)
        set_mask(thread, how == SIG_BLOCK     ? before | signals
                         : how == SIG_UNBLOCK ? before & ~signals
                                              : signals);
    return old && copy_to_user(old, &before, sizeof(before)) ? -EFAULT : 0;
}

long sys_rt_sigpending(unsigned long *set, size_t sigsetsize)
{
    struct thread *thread = thread_current();
    if (sigsetsize > sizeof(*set))
        return -EINVAL;
    spin_lock(&proc_lock);
    unsigned long pending = (thread->sigpending | thread->proc->sigpending) & thread->sigmask;
    spin_unlock(&proc_lock);
    return copy_to_user(set, &pending, sigsetsize);
}
