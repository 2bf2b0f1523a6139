/* The running thread in the kernel shape: tp.
 *
 * In user mode tp is the program's, and lies in the trapframe while the kernel runs. So the kernel may
 * keep its own in it, and save turning interrupts off to ask the hart. vector.S loads it on every
 * entry; context_switch() changes it with the thread.
 */
#pragma once

static inline struct thread *thread_current(void)
{
    register struct thread *thread __asm__("tp");
    __asm__("" : "=r"(thread));
    return thread;
}
