/* SCHED=none: an image that starts threads but has nothing to run them with. Making one fails cleanly;
 * all else works, since sleeping needs no scheduler (park.c).
 */
#include "kern/core/panic.h"
#include "kern/dev/power.h"
#include "kern/sched/thread.h"

struct thread *thread_alloc(const char *name)
{
    (void)name;
    return NULL;
}

/* There is the one that the machine started with. */
void threads_for_each(bool (*visit)(struct thread *thread, void *arg), void *arg)
{
    visit(thread_current(), arg);
}

/* Nobody calls the next four: there is no thread to call them with, and no second hart is started. */
void thread_begin_hart(struct thread *first)
{
    panic("thread %p cannot run on another hart: this image has no scheduler", (void *)first);
}

void thread_start(struct thread *thread)
{
    panic("thread %p cannot start: this image has no scheduler", (void *)thread);
}

void thread_first_run(struct thread *prev)
{
    panic("thread %p cannot run: this image has no scheduler", (void *)prev);
}

void thread_discard(struct thread *thread)
{
    panic("thread %p cannot be: this image has no scheduler", (void *)thread);
}

/* The only thread ended: so does the program. */
void thread_exit(void)
{
    power_off(0);
}
