/* A spin lock that its own hart waits for. */
#include "kern/sched/spinlock.h"
#include "kern/core/panic.h"

/* spinlock_wait.S comes here, never to return. */
void spin_taken_twice(struct spinlock *lock, uint32_t me)
{
    panic("spin lock %p is taken twice by hart %u", (void *)lock, me - 1);
}
