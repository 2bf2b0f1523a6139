/* Threads of the fused program: clone, exit of a thread, thread ids. */
#include "kern/alloc/kmalloc.h"
#include "kern/core/string.h"
#include "kern/fs/fdtable.h"
#include "kern/libos/libos.h"
#include "kern/sched/thread.h"
#include "kern/sys/abi.h"
#include "kern/sys/errno.h"
#include "kern/sys/futex.h"
#include <onering/syscalls.h>

#define THREAD_FLAGS (CLONE_VM | CLONE_THREAD | CLONE_SIGHAND)

extern char clone_return[];

uint32_t libos_threads = 1;

/* The child returns to where the caller of sys_clone goes on, on its own stack, with its own
 * thread-local storage if it was given one. */
static void make_context(struct thread *child, const struct context *caller, unsigned long flags,
                         void *stack, unsigned long tls)
{
    char *sp = (char *)stack - clone_frame_size;
    memcpy(sp, (const void *)caller->sp, clone_frame_size);
    sp -= 16;
    *(unsigned long *)sp = caller->ra;
    child->context = *caller;
    child->context.ra = (uintptr_t)clone_return;
    child->context.sp = (uintptr_t)sp;
    if (flags & CLONE_SETTLS)
        child->context.tp = tls;
    child->stack_hi = (uintptr_t)stack;
    child->stack_lo = libos_stack_bottom((uintptr_t)stack);
}

/* Who waits for a thread's end (pthread_join) then frees its stack. */
static void announce_end(struct thread *thread)
{
    int *tid = thread->clear_child_tid;
    if (!tid)
        return;
    __atomic_store_n(tid, 0, __ATOMIC_RELEASE);
    futex_wake((unsigned *)tid, 1);
}

/* The program gave the stack that a thread's system calls run on, sys_exit too: the end may be
 * announced only here, where the thread is off it. */
static void release_thread(struct thread *thread)
{
    announce_end(thread);
    kfree(thread);
}

/* sys_clone with the caller's registers; called by clone_entry.S. */
long clone_call(unsigned long flags, void *stack, int *parent_tid, unsigned long tls,
                int *child_tid, const struct context *caller)
{
    if ((flags & THREAD_FLAGS) != THREAD_FLAGS || !stack)
        return enosys_report("clone of a process", caller->ra);
    struct thread *child = thread_alloc("thread");
    if (!child)
        return -EAGAIN;
    child->release = release_thread;
    make_context(child, caller, flags, stack, tls);
    if (flags & CLONE_CHILD_CLEARTID)
        child->clear_child_tid = child_tid;
    fs_context()->files->single = false;
    int tid = child->tid; /* the child may be gone when thread_start returns */
    if (flags & CLONE_PARENT_SETTID)
        *parent_tid = tid;
    if (flags & CLONE_CHILD_SETTID)
        *child_tid = tid;
    __atomic_fetch_add(&libos_threads, 1, __ATOMIC_RELAXED);
    thread_start(child);
    return tid;
}

long sys_set_tid_address(int *tid)
{
    struct thread *me = thread_current();
    me->clear_child_tid = tid;
    return me->tid;
}

long sys_exit(int status)
{
    struct thread *me = thread_current();
    if (__atomic_sub_fetch(&libos_threads, 1, __ATOMIC_RELAXED) == 0)
        sys_exit_group(status);
    if (me->release != release_thread) /* the first thread: its stack is nobody's to free */
        announce_end(me);
    thread_exit();
}
