/* Sleeping and waking: the pair of operations that all blocking is built from.
 *
 * A wake-up is never lost. thread_unpark() of a thread that does not sleep leaves a token, and the next
 * park takes the token and returns. Both look at state and token under the thread's lock; and a thread
 * that goes to sleep holds its lock until its registers are saved (sched.c).
 *
 * With a scheduler in the image a sleeping thread gives the hart to others. Without one, or before it
 * has started, there are no others: sleeping is waiting for an interrupt, which is all that can bring
 * a token.
 */
#include "kern/sched/park.h"
#include "kern/sched/thread.h"
#include "kern/sys/errno.h"

const struct park_ops *park_ops;

/* Interrupts are off. wfi ends for a pending one even so: none slips in between looking and sleeping. */
static void wait_for_token(struct thread *me)
{
    spin_release(&me->lock);
    while (!__atomic_load_n(&me->wake_token, __ATOMIC_ACQUIRE)) {
        __asm__ volatile("wfi");
        irq_enable(); /* the interrupt is taken here */
        irq_disable();
    }
    me->wake_token = false;
}

static void sleep(struct thread *me)
{
    if (!park_ops) {
        wait_for_token(me);
        return;
    }
    me->state = THREAD_PARKED;
    park_ops->sleep(me);
}

int thread_park(bool interruptible)
{
    bool irqs_were_on = irq_save();
    struct thread *me = this_hart()->current;
    spin_acquire(&me->lock);
    if (me->wake_token || (interruptible && me->interrupted)) {
        me->wake_token = false;
        spin_release(&me->lock);
    } else {
        sleep(me);
    }
    irq_restore(irqs_were_on);
    return interruptible && me->interrupted ? -EINTR : 0;
}

void thread_unpark(struct thread *thread)
{
    bool irqs_were_on = irq_save();
    spin_acquire(&thread->lock);
    bool parked = thread->state == THREAD_PARKED;
    if (parked)
        thread->state = THREAD_READY;
    else
        thread->wake_token = true;
    spin_release(&thread->lock);
    if (parked)
        park_ops->wake(thread);
    irq_restore(irqs_were_on);
}

/* A thread that runs right now, perhaps in user mode on another hart, is told by way of its hart. One
 * that is just being switched to sees the flag itself: sched.c looks at it after making the thread
 * RUNNING, we look at the state after setting the flag. */
void thread_interrupt(struct thread *thread)
{
    __atomic_store_n(&thread->interrupted, true, __ATOMIC_SEQ_CST);
    thread_unpark(thread);
    if (park_ops && __atomic_load_n(&thread->state, __ATOMIC_SEQ_CST) == THREAD_RUNNING)
        park_ops->notify(thread->hart);
}

void thread_yield(void)
{
    bool irqs_were_on = irq_save();
    if (park_ops)
        park_ops->yield();
    irq_restore(irqs_were_on);
}
