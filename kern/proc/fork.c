/* clone: a new process, or a new thread in this one.
 *
 * A new thread starts on a kernel stack of its own, on whose top lies the trapframe it will go to user
 * mode with; for a clone that is a copy of the caller's, with a0 = 0:
 *
 *     stack_hi  +-----------------------+
 *               | trapframe: registers  |  <- thread->tf; traps from user mode write it anew
 *               +-----------------------+
 *               | user_thread_start ... |
 *     stack_lo  +-----------------------+
 *
 * Everything that can fail happens before the newcomer is linked into the family tree; until then
 * nobody knows of it and it is simply taken apart again.
 */
#include "kern/proc/proc.h"
#include "kern/alloc/kmalloc.h"
#include "kern/core/string.h"
#include "kern/mem/kmap.h"
#include "kern/mem/uaccess.h"
#include "kern/sys/errno.h"
#include <onering/syscalls.h>

#define CLONE_EXIT_SIGNAL 0xffUL

/* What a thread of the same process shares, all or nothing: there is one of each in struct proc. */
#define CLONE_THREAD_SHARES (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND)

#define CLONE_KNOWN                                                                                \
    (CLONE_EXIT_SIGNAL | CLONE_THREAD_SHARES | CLONE_VFORK | CLONE_THREAD | CLONE_SYSVSEM |        \
     CLONE_SETTLS | CLONE_PARENT_SETTID | CLONE_CHILD_CLEARTID | CLONE_DETACHED |                  \
     CLONE_CHILD_SETTID)

struct clone_request {
    unsigned long flags;
    uintptr_t stack; /* 0: the caller's */
    int *parent_tid;
    unsigned long tls;
    int *child_tid;
};

/* The slot of x0 in a trapframe is unused; a new thread finds there where CLONE_CHILD_SETTID wants
 * its tid. The child writes it itself: the address is one of its own address space. */
#define TF_SET_TID(tf) ((tf)->regs[0])

void user_thread_start(void *arg)
{
    struct trapframe *tf = arg;
    struct thread *thread = thread_current();
    int *set_tid = (int *)TF_SET_TID(tf);
    if (set_tid)
        copy_to_user(set_tid, &thread->tid, sizeof(thread->tid)); /* a bad address is its problem */
    user_resume();
}

/* After the switch away from a thread that ended, interrupts off. */
static void user_thread_release(struct thread *thread)
{
    kstack_free(thread->stack_lo);
    kfree(thread);
}

struct thread *user_thread_create(struct proc *proc, void (*entry)(void *tf))
{
    struct thread *thread = thread_alloc(proc->name);
    uintptr_t stack_lo = thread ? kstack_alloc() : 0;
    if (!stack_lo) {
        if (thread)
            thread_discard(thread);
        return NULL;
    }
    uintptr_t stack_hi = stack_lo + KSTACK_SIZE;
    thread->tf = (struct trapframe *)(stack_hi - sizeof(struct trapframe));
    thread_set_entry(thread, entry, thread->tf, stack_lo, stack_hi);
    thread->context.sp = (uintptr_t)thread->tf; /* `entry` begins below the trapframe */
    thread->proc = proc;
    thread->release = user_thread_release;
    return thread;
}

/* The flags must make sense together, by the rules of Linux, and be possible here: threads share all
 * that CLONE_THREAD_SHARES names, processes at most memory and descriptors. */
static bool flags_are_valid(unsigned long flags)
{
    if (flags & ~(unsigned long)CLONE_KNOWN)
        return false;
    if (flags & CLONE_THREAD)
        return (flags & CLONE_THREAD_SHARES) == CLONE_THREAD_SHARES && !(flags & CLONE_VFORK);
    return !(flags & (CLONE_SIGHAND | CLONE_FS)) && (flags & CLONE_EXIT_SIGNAL) <= NSIG;
}

/* The registers of the caller, with what clone changes: the child sees 0. */
static void copy_registers(struct thread *child, const struct clone_request *request)
{
    struct thread *caller = thread_current();
    struct trapframe *tf = child->tf;
    *tf = *caller->tf;
    tf->regs[REG_A0] = 0;
    if (request->stack)
        tf->regs[REG_SP] = request->stack;
    if (request->flags & CLONE_SETTLS)
        tf->regs[REG_TP] = request->tls;
    bool set_tid = request->flags & CLONE_CHILD_SETTID;
    TF_SET_TID(tf) = set_tid ? (unsigned long)request->child_tid : 0;
    child->clear_child_tid = request->flags & CLONE_CHILD_CLEARTID ? request->child_tid : NULL;
    child->sigmask = caller->sigmask;
    child->fp_live = caller->fp_live;
    if (caller->fp_live) {
        thread_save_fp();
        child->fp = caller->fp;
    }
}

static struct vmspace *share_or_fork_space(struct vmspace *space, unsigned long flags)
{
    if (!(flags & CLONE_VM))
        return vmspace_fork(space);
    vmspace_ref(space);
    return space;
}

static struct fdtable *share_or_copy_files(struct fdtable *files, unsigned long flags)
{
    if (!(flags & CLONE_FILES))
        return fdtable_copy(files);
    __atomic_fetch_add(&files->refs, 1, __ATOMIC_RELAXED);
    return files;
}

/* A process like `parent`, not yet linked, without threads. NULL: out of memory. */
static struct proc *copy_process(struct proc *parent, unsigned long flags)
{
    struct proc *child = proc_alloc();
    if (!child)
        return NULL;
    child->space = share_or_fork_space(parent->space, flags);
    if (!child->space)
        goto no_space;
    child->fs.files = share_or_copy_files(parent->fs.files, flags);
    if (!child->fs.files)
        goto no_files;
    child->fs.cwd = fs_context_cwd();
    child->fs.umask = parent->fs.umask;
    child->exit_signal = flags & CLONE_EXIT_SIGNAL;
    memcpy(child->name, parent->name, sizeof(child->name));
    return child;
no_files:
    vmspace_unref(child->space);
no_space:
    proc_free(child);
    return NULL;
}

static void discard_process(struct proc *proc)
{
    vnode_unref(proc->fs.cwd);
    fdtable_unref(proc->fs.files);
    vmspace_unref(proc->space);
    proc_free(proc);
}

/* Makes `thread` and its process, if that is a new one, known to the world. -EAGAIN: the caller's own
 * process is coming to its end. Whoever signals a group or a process holds the same lock, so a
 * newcomer is either hit too, or its creator was and we notice it here. */
static int join_family(struct thread *thread, struct vfork_wait *vfork)
{
    struct proc *proc = thread->proc, *parent = proc_current();
    spin_lock(&proc_lock);
    bool dying = proc_must_leave(thread_current());
    if (!dying) {
        list_push_back(&proc->threads, &thread->proc_node);
        proc->nthreads++;
    }
    if (!dying && proc != parent) {
        proc->pid = thread->tid;
        proc->pgid = parent->pgid;
        proc->sid = parent->sid;
        memcpy(proc->actions, parent->actions, sizeof(proc->actions));
        proc->vfork = vfork;
        proc_link(proc, parent);
    }
    spin_unlock(&proc_lock);
    return dying ? -EAGAIN : 0;
}

/* The caller sleeps until the child has left the address space they share. A caller that is killed
 * goes at once: it takes back the address of its `wait`, which lies on its stack. */
static void wait_for_vfork(struct vfork_wait *wait, struct proc *child)
{
    spin_lock(&proc_lock);
    while (!wait->done && !proc_must_leave(wait->parent)) {
        spin_unlock(&proc_lock);
        thread_park(false);
        spin_lock(&proc_lock);
    }
    if (!wait->done)
        child->vfork = NULL; /* not done: the child is alive, so its struct is */
    spin_unlock(&proc_lock);
}

static long clone_into(struct proc *proc, const struct clone_request *request)
{
    struct thread *thread = user_thread_create(proc, user_thread_start);
    if (!thread)
        return -ENOMEM;
    copy_registers(thread, request);
    int tid = thread->tid; /* the thread may be gone before we return */
    if (request->flags & CLONE_PARENT_SETTID)
        copy_to_user(request->parent_tid, &tid, sizeof(tid));
    struct vfork_wait wait = {.parent = thread_current()};
    bool vfork = request->flags & CLONE_VFORK;
    int error = join_family(thread, vfork ? &wait : NULL);
    if (error) {
        thread_discard(thread);
        return error;
    }
    thread_start(thread);
    if (vfork)
        wait_for_vfork(&wait, proc);
    return tid;
}

static long clone_process(const struct clone_request *request)
{
    if (!proc_population_add(2))
        return -EAGAIN;
    struct proc *child = copy_process(proc_current(), request->flags);
    long tid = child ? clone_into(child, request) : -ENOMEM;
    if (tid >= 0)
        return tid;
    if (child)
        discard_process(child);
    proc_population_remove(2);
    return tid;
}

static long clone_thread(const struct clone_request *request)
{
    if (!proc_population_add(1))
        return -EAGAIN;
    long tid = clone_into(proc_current(), request);
    if (tid < 0)
        proc_population_remove(1);
    return tid;
}

long sys_clone(unsigned long flags, void *stack, int *parent_tid, unsigned long tls, int *child_tid)
{
    struct clone_request request = {flags, (uintptr_t)stack, parent_tid, tls, child_tid};
    if (!flags_are_valid(flags))
        return -EINVAL;
    if (flags & (CLONE_THREAD | CLONE_FILES))
        proc_current()->fs.files->single = false;
    return flags & CLONE_THREAD ? clone_thread(&request) : clone_process(&request);
}
