/* Processes: an address space, descriptors, a place in the family, threads (kernel shape).
 *
 *      clone                  exit of the last thread              wait4 of the parent
 *     --------> PROC_ALIVE ------------------------> PROC_ZOMBIE --------------------> freed
 *
 * One spin lock, proc_lock, guards the whole family tree: parents, children, states, groups, sessions,
 * signals pending, exit statuses, and which threads a process has. It is held briefly: nothing sleeps
 * and no user memory is touched under it. Waking somebody under it is fine, and usual: whoever may
 * be woken takes itself off the lists under the same lock before it goes away.
 */
#pragma once
#include "kern/core/list.h"
#include "kern/fs/fdtable.h"
#include "kern/mem/vmspace.h"
#include "kern/riscv/trap.h"
#include "kern/sched/waitq.h"
#include "kern/sys/abi.h"

enum proc_state { PROC_ALIVE, PROC_ZOMBIE };

/* A parent that lent its address space to a child by CLONE_VFORK; lives on the parent's stack. */
struct vfork_wait {
    struct thread *parent;
    bool done; /* the child has left the space (exec or exit); guarded by proc_lock */
};

struct proc {
    int pid;
    char name[16];         /* written by exec, under proc_lock */
    struct vmspace *space; /* written under proc_lock, and only when one thread is left */
    struct fs_context fs;

    /* guarded by proc_lock: */
    enum proc_state state;
    struct proc *parent;
    struct list_node children, sibling; /* sibling: in parent->children */
    struct list_node all;               /* every process */
    struct list_node threads;           /* thread->proc_node */
    int nthreads;
    int pgid, sid;
    int exit_signal;                  /* sent to the parent at the end; 0: none */
    int wait_status;                  /* as wait4 reports it, once a zombie */
    bool exiting;                     /* exit_group or a fatal signal: every thread leaves */
    bool has_execed;                  /* since its creation: setpgid by the parent is refused */
    struct thread *execing;           /* waits in exec for the other threads to leave */
    struct vfork_wait *vfork;         /* who waits for us to leave the space; NULL: nobody */
    struct ksigaction actions[NSIG];  /* [signal - 1] */
    unsigned long sigpending;         /* bit signal - 1 */
    struct waitq child_event;         /* a child became a zombie */
    uint64_t cpu_ns, children_cpu_ns; /* of threads that ended; of children waited for */
};

extern struct spinlock proc_lock;
extern struct list_node procs; /* proc->all; guarded by proc_lock */

static inline struct proc *proc_current(void)
{
    return thread_current()->proc;
}

/* Makes pid 1 from /bin/init with these arguments and starts it. Panics with a sentence when there is
 * no init: there is nobody to return an error to. */
void proc_start_init(int argc, char **argv);

/* proc_lock held for all of these. */
struct proc *proc_find(int pid); /* alive or zombie; NULL: none */
struct proc *proc_init(void);    /* pid 1 */
uint64_t proc_cpu_ns(struct proc *proc);
void proc_link(struct proc *proc, struct proc *parent);
/* Forgets a zombie, which is freed with it. */
void proc_reap(struct proc *zombie);

/* An empty process in no list. NULL: out of memory. */
struct proc *proc_alloc(void);
void proc_free(struct proc *proc);

/* Every process and every thread is counted, so that a fork bomb meets -EAGAIN while there is memory
 * left to deal with it. */
bool proc_population_add(unsigned n); /* false: that would be too many */
void proc_population_remove(unsigned n);

/* fork.c */
/* A NEW thread of `proc`, in no list, with a kernel stack on whose top lies a trapframe yet to be
 * filled; it starts at `entry`, with the trapframe as argument. NULL: out of memory. */
struct thread *user_thread_create(struct proc *proc, void (*entry)(void *tf));

/* signal.c */
/* 0 or a negative errno; signal 0 only checks. pid as in kill(2). */
int signal_kill(int pid, int sig);
void signal_send_proc(struct proc *proc, int sig);       /* proc_lock held */
void signal_send_thread(struct thread *thread, int sig); /* proc_lock held */
void signal_send_group(int pgid, int sig);               /* takes proc_lock */
/* SIGPIPE for the running thread: it wrote to a pipe that nobody reads. */
void signal_broken_pipe(void);
/* A thread left: somebody else has to act on what is pending for the process. proc_lock held. */
void signal_retarget(struct proc *proc);
/* Before going back to user mode: acts on what is pending; may not return. */
void signal_deliver(void);

/* user_trap.c */
/* From a system call or the start of a thread to user mode, with exactly the registers in the running
 * thread's trapframe: for those who wrote it. (Others simply return.) */
void user_resume(void) __attribute__((noreturn));

/* user_fault.c: a page fault of the running program, interrupts on: true if it may go on. */
bool user_fault_resolve(struct trapframe *tf);

/* exit.c */
void proc_exit_group(int wait_status) __attribute__((noreturn));
void proc_exit_thread(int wait_status) __attribute__((noreturn));
/* Makes every thread of the process leave soon; proc_lock held. */
void proc_begin_exit(struct proc *proc, int wait_status);
/* The running thread has no business in user mode any more; proc_lock held. */
bool proc_must_leave(const struct thread *thread);
/* The child no longer uses the space its vforking parent lent it; proc_lock held. */
void proc_release_vfork(struct proc *proc);

/* exec: makes the running thread the only one, named by the pid; -EAGAIN: somebody else was faster. */
int proc_kill_other_threads(void);
/* exec, once the new image is complete and nothing can fail any more: the process goes over to `space`
 * (the caller's reference is taken over) and to its new name, caught signals to their defaults, and
 * a vforking parent goes on. */
void proc_exec_commit(struct vmspace *space, const char *name);
