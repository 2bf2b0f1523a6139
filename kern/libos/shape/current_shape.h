/* The running thread in the fused shape: the hart knows it.
 *
 * tp belongs to the program's thread-local storage, and a system call is a function call: it comes here
 * with that tp. Between asking which hart this is and asking it for its thread, the thread must not
 * move to another hart: interrupts are off.
 */
#pragma once

static inline struct thread *thread_current(void)
{
    bool irqs_were_on = irq_save();
    struct thread *thread = this_hart()->current;
    irq_restore(irqs_were_on);
    return thread;
}
