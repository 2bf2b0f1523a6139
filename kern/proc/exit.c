/* The end of threads and processes.
 *
 * A thread leaves its process by itself, in proc_exit_thread(); nobody else can end it. Others only
 * ask: proc_begin_exit() and exec set a flag and interrupt the threads, whose waits then end, and
 * which on their way to user mode see in signal_deliver() that they have to leave.
 *
 * The last thread takes the process along: descriptors, address space, then, in one step under
 * proc_lock, the children go to init, the process becomes a zombie and its parent is woken. From that
 * step on the struct proc belongs to the parent; what remains of the thread touches it no more.
 */
#include "kern/proc/proc.h"
#include "kern/core/string.h"
#include "kern/dev/power.h"
#include "kern/mem/uaccess.h"
#include "kern/sys/errno.h"
#include "kern/sys/futex.h"
#include "kern/sys/time.h"
#include <onering/syscalls.h>

#define SA_NOCLDWAIT 2

bool proc_must_leave(const struct thread *thread)
{
    const struct proc *proc = thread->proc;
    return proc->exiting || (proc->execing && proc->execing != thread);
}

static void interrupt_threads(struct proc *proc, const struct thread *except)
{
    struct thread *thread;
    list_for_each(thread, &proc->threads, proc_node) {
        if (thread != except)
            thread_interrupt(thread);
    }
}

void proc_begin_exit(struct proc *proc, int wait_status)
{
    if (proc->exiting)
        return;
    proc->exiting = true;
    proc->wait_status = wait_status;
    interrupt_threads(proc, NULL);
}

void proc_exit_group(int wait_status)
{
    struct proc *proc = proc_current();
    spin_lock(&proc_lock);
    if (!proc_must_leave(thread_current()))
        proc_begin_exit(proc, wait_status);
    spin_unlock(&proc_lock);
    proc_exit_thread(wait_status);
}

/* Tells pthread_join() and the like, if anybody is left who could be waiting. */
static void clear_child_tid(struct thread *thread)
{
    static const int zero = 0;
    struct proc *proc = thread->proc;
    int *address = thread->clear_child_tid;
    thread->clear_child_tid = NULL;
    if (!address || (proc->nthreads == 1 && proc->space->refs == 1))
        return;
    if (copy_to_user(address, &zero, sizeof(zero)) == 0)
        futex_wake((unsigned *)address, 1);
}

void proc_release_vfork(struct proc *proc)
{
    if (!proc->vfork)
        return;
    proc->vfork->done = true;
    thread_unpark(proc->vfork->parent);
    proc->vfork = NULL;
}

/* proc_lock held. From here on the thread is nobody's: it only has to reach thread_exit(). The lock
 * keeps interrupts off, so that no switch can come back to the address space in between. */
static void leave_process(struct thread *thread)
{
    struct proc *proc = thread->proc;
    list_remove(&thread->proc_node);
    proc->nthreads--;
    proc->cpu_ns += thread_cpu_ns(thread);
    thread->proc = NULL;
    vmspace_activate(NULL);
    proc_population_remove(1);
}

static void drop_files(struct proc *proc)
{
    fdtable_unref(proc->fs.files);
    vnode_unref(proc->fs.cwd);
}

static void drop_space(struct proc *proc)
{
    struct vmspace *space = proc->space;
    spin_lock(&proc_lock);
    proc->space = NULL;
    vmspace_activate(NULL);
    proc_release_vfork(proc);
    spin_unlock(&proc_lock);
    vmspace_unref(space);
}

static bool wants_no_zombies(const struct proc *parent)
{
    const struct ksigaction *action = &parent->actions[SIGCHLD - 1];
    return action->handler == SIG_IGN || (action->flags & SA_NOCLDWAIT);
}

/* proc_lock held. Hands the zombie to its parent, who may have said that it does not care; a parent
 * that waits is woken even so, since it may have no children left to wait for. */
static void announce_zombie(struct proc *proc)
{
    struct proc *parent = proc->parent;
    if (proc->exit_signal)
        signal_send_proc(parent, proc->exit_signal);
    if (wants_no_zombies(parent))
        proc_reap(proc);
    waitq_wake_all(&parent->child_event);
}

static void give_children_to_init(struct proc *proc)
{
    struct proc *init = proc_init(), *child, *after;
    list_for_each_safe(child, after, &proc->children, sibling) {
        list_remove(&child->sibling);
        list_push_back(&init->children, &child->sibling);
        child->parent = init;
        child->exit_signal = SIGCHLD;
        if (child->state == PROC_ZOMBIE)
            announce_zombie(child);
    }
}

/* The machine lives as long as init; its status is init's, or as a shell would show it. */
static void init_ended(int wait_status)
{
    int sig = wait_status & 0x7f;
    power_off(sig ? 128 + sig : wait_status >> 8);
}

static void end_process(struct thread *thread, struct proc *proc) __attribute__((noreturn));
static void end_process(struct thread *thread, struct proc *proc)
{
    if (proc == proc_init())
        init_ended(proc->wait_status);
    drop_files(proc);
    drop_space(proc);
    spin_lock(&proc_lock);
    give_children_to_init(proc);
    leave_process(thread);
    proc->state = PROC_ZOMBIE;
    announce_zombie(proc);
    spin_unlock(&proc_lock);
    thread_exit();
}

void proc_exit_thread(int wait_status)
{
    struct thread *thread = thread_current();
    struct proc *proc = thread->proc;
    clear_child_tid(thread);
    spin_lock(&proc_lock);
    if (!proc->exiting && thread->tid == proc->pid)
        proc->wait_status = wait_status; /* the first thread speaks for a process that just ends */
    bool last = proc->nthreads == 1;
    if (last) {
        proc->exiting = true;
    } else {
        leave_process(thread);
        signal_retarget(proc);
        if (proc->execing)
            thread_unpark(proc->execing);
    }
    spin_unlock(&proc_lock);
    if (last)
        end_process(thread, proc);
    thread_exit();
}

int proc_kill_other_threads(void)
{
    struct thread *thread = thread_current();
    struct proc *proc = thread->proc;
    spin_lock(&proc_lock);
    bool may = !proc_must_leave(thread);
    if (may && proc->nthreads > 1) {
        proc->execing = thread;
        interrupt_threads(proc, thread);
        while (proc->nthreads > 1 && !proc->exiting) {
            spin_unlock(&proc_lock);
            thread_park(false);
            spin_lock(&proc_lock);
        }
        proc->execing = NULL;
        may = !proc->exiting;
    }
    if (may)
        thread->tid = proc->pid;
    spin_unlock(&proc_lock);
    return may ? 0 : -EAGAIN;
}

static void reset_caught_signals(struct proc *proc)
{
    for (size_t i = 0; i < NSIG; i++) {
        if (proc->actions[i].handler != SIG_IGN)
            proc->actions[i] = (struct ksigaction){0};
    }
}

void proc_exec_commit(struct vmspace *space, const char *name)
{
    struct thread *thread = thread_current();
    struct proc *proc = thread->proc;
    clear_child_tid(thread);
    spin_lock(&proc_lock);
    struct vmspace *old = proc->space;
    proc->space = space;
    vmspace_activate(space);
    strlcpy(proc->name, name, sizeof(proc->name));
    strlcpy(thread->name, name, sizeof(thread->name));
    thread->fp_live = false;
    proc->has_execed = true;
    reset_caught_signals(proc);
    proc_release_vfork(proc);
    spin_unlock(&proc_lock);
    if (old)
        vmspace_unref(old);
}

long sys_exit(int status)
{
    proc_exit_thread((status & 0xff) << 8);
}

long sys_exit_group(int status)
{
    proc_exit_group((status & 0xff) << 8);
}
