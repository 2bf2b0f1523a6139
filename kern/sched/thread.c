/* Threads: their records and their beginning. Switching between them is sched.c. */
#include "kern/sched/thread.h"
#include "kern/alloc/kmalloc.h"
#include "kern/core/string.h"
#include "kern/mem/kmap.h"

extern char thread_trampoline[];

static struct spinlock threads_lock = SPINLOCK_INIT;
static struct list_node all_threads = LIST_INIT(all_threads); /* guarded by threads_lock */

/* 1 is the first program's: init, or in the fused shape the application. Guarded by threads_lock. */
static int next_tid = 2;

static struct thread *alloc_record(const char *name)
{
    struct thread *thread = kzalloc(sizeof(*thread));
    if (!thread)
        return NULL;
    strlcpy(thread->name, name, sizeof(thread->name));
    spin_lock(&threads_lock);
    list_push_back(&all_threads, &thread->all_node);
    spin_unlock(&threads_lock);
    return thread;
}

static void unregister_thread(struct thread *thread)
{
    spin_lock(&threads_lock);
    list_remove(&thread->all_node);
    spin_unlock(&threads_lock);
}

static void release_record(struct thread *thread)
{
    kfree(thread);
}

static void release_with_stack(struct thread *thread)
{
    kstack_free(thread->stack_lo);
    kfree(thread);
}

struct thread *thread_alloc(const char *name)
{
    struct thread *thread = alloc_record(name);
    if (!thread)
        return NULL;
    thread->release = release_record;
    spin_lock(&threads_lock);
    thread->tid = next_tid++;
    spin_unlock(&threads_lock);
    return thread;
}

void thread_set_entry(struct thread *thread, void (*entry)(void *), void *arg, uintptr_t stack_lo,
                      uintptr_t stack_hi)
{
    thread->stack_lo = stack_lo;
    thread->stack_hi = stack_hi;
    thread->context = (struct context){
        .ra = (uintptr_t)thread_trampoline,
        .sp = stack_hi,
        .tp = (uintptr_t)thread,
        .s = {(uintptr_t)entry, (uintptr_t)arg},
    };
}

struct thread *thread_create(const char *name, void (*entry)(void *), void *arg)
{
    struct thread *thread = alloc_record(name);
    if (!thread)
        return NULL;
    uintptr_t stack = kstack_alloc();
    if (!stack) {
        thread->release = release_record;
        thread_discard(thread);
        return NULL;
    }
    thread_set_entry(thread, entry, arg, stack, stack + KSTACK_SIZE);
    thread->release = release_with_stack;
    return thread;
}

void thread_discard(struct thread *thread)
{
    unregister_thread(thread);
    thread->release(thread);
}

void threads_for_each(bool (*visit)(struct thread *thread, void *arg), void *arg)
{
    struct thread *thread;
    spin_lock(&threads_lock);
    list_for_each(thread, &all_threads, all_node) {
        if (!visit(thread, arg))
            break;
    }
    spin_unlock(&threads_lock);
}
