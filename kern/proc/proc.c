/* The family tree: creating processes, finding them, counting them. */
#include "kern/proc/proc.h"
#include "kern/alloc/kmalloc.h"
#include "kern/core/panic.h"
#include "kern/mem/pages.h"
#include "kern/sys/time.h"

/* A process counts once, and so does each thread: 512 processes of one thread. A small machine can
 * afford fewer; 16 pages each are about what the smallest process needs. */
#define POPULATION_MAX 1024
#define PAGES_PER_ONE  16

struct spinlock proc_lock = SPINLOCK_INIT;
struct list_node procs = LIST_INIT(procs);
static unsigned population; /* atomic */

struct proc *proc_find(int pid)
{
    struct proc *proc;
    list_for_each(proc, &procs, all) {
        if (proc->pid == pid)
            return proc;
    }
    return NULL;
}

struct proc *proc_init(void)
{
    return list_entry(procs.next, struct proc, all); /* the first there was, and it never leaves */
}

uint64_t proc_cpu_ns(struct proc *proc)
{
    uint64_t sum = proc->cpu_ns;
    struct thread *thread;
    list_for_each(thread, &proc->threads, proc_node) {
        sum += thread_cpu_ns(thread);
    }
    return sum;
}

static unsigned population_max(void)
{
    return MIN((size_t)POPULATION_MAX, pages_total() / PAGES_PER_ONE);
}

bool proc_population_add(unsigned n)
{
    unsigned now = __atomic_add_fetch(&population, n, __ATOMIC_RELAXED);
    if (now <= population_max())
        return true;
    proc_population_remove(n);
    return false;
}

void proc_population_remove(unsigned n)
{
    __atomic_fetch_sub(&population, n, __ATOMIC_RELAXED);
}

struct proc *proc_alloc(void)
{
    struct proc *proc = kzalloc(sizeof(*proc));
    if (!proc)
        return NULL;
    list_init(&proc->children);
    list_init(&proc->sibling);
    list_init(&proc->all);
    list_init(&proc->threads);
    waitq_init(&proc->child_event);
    return proc;
}

void proc_free(struct proc *proc)
{
    kfree(proc);
}

void proc_link(struct proc *proc, struct proc *parent)
{
    proc->parent = parent;
    if (parent)
        list_push_back(&parent->children, &proc->sibling);
    list_push_back(&procs, &proc->all);
}

void proc_reap(struct proc *zombie)
{
    list_remove(&zombie->sibling);
    list_remove(&zombie->all);
    proc_population_remove(1);
    proc_free(zombie);
}

struct fs_context *fs_context(void)
{
    return &proc_current()->fs;
}
