/* Traps from user mode: system calls, page faults, interrupts, and everything a program must not do.
 *
 * A system call's way through the kernel:
 *
 *     user_vector    saves the registers
 *     user_trap      this file: dispatch, then return checks
 *     thunk          converts the arguments (generated)
 *     sys_...        the call itself
 *     vector.S       restores the registers, sret
 *
 * so user_trap() is kept in one straight line, and everything rare is in functions of its own.
 */
#include "kern/proc/proc.h"
#include "kern/core/init.h"
#include "kern/core/printk.h"
#include "kern/sys/dispatch.h"
#include "kern/sys/errno.h"

extern char user_vector[];
void user_trap(struct trapframe *tf); /* user_vector.S calls it */

/* What is left to do before the thread may run in user mode; interrupts are off. */
static void user_return_work(void)
{
    for (;;) {
        struct hart *hart = this_hart(); /* may be another one each time around */
        if (hart->current->interrupted) {
            irq_enable();
            signal_deliver();
            irq_disable();
        } else if (hart->attention) {
            thread_yield();
        } else {
            return;
        }
    }
}

void user_resume(void)
{
    INIT_NEEDS(user_trap_init);
    irq_disable();
    user_return_work();
    trap_return(thread_current()->tf);
}

static bool is_page_fault(unsigned long cause)
{
    return cause == EXC_FETCH_PAGE || cause == EXC_LOAD_PAGE || cause == EXC_STORE_PAGE;
}

static int signal_of_exception(unsigned long cause)
{
    switch (cause) {
    case EXC_ILLEGAL: return SIGILL;
    case EXC_BREAKPOINT: return SIGTRAP;
    case EXC_FETCH_MISALIGNED:
    case EXC_LOAD_MISALIGNED:
    case EXC_STORE_MISALIGNED:
    case EXC_FETCH_ACCESS:
    case EXC_LOAD_ACCESS:
    case EXC_STORE_ACCESS: return SIGBUS;
    default: return SIGSEGV;
    }
}

static const char *signal_name(int sig)
{
    switch (sig) {
    case SIGILL: return "SIGILL";
    case SIGTRAP: return "SIGTRAP";
    case SIGBUS: return "SIGBUS";
    case SIGKILL: return "SIGKILL";
    default: return "SIGSEGV";
    }
}

static void kill_for(const struct trapframe *tf, int sig)
{
    const struct proc *proc = proc_current();
    printk("%s[%d]: killed by %s: %s at 0x%lx, pc 0x%lx\n", proc->name, proc->pid, signal_name(sig),
           trap_cause_name(tf->cause), tf->addr, tf->pc);
    proc_exit_group(sig);
}

/* Returns if the program may go on. */
static void user_exception(struct trapframe *tf)
{
    if (fp_enable(tf))
        return;
    irq_enable();
    if (!is_page_fault(tf->cause) || !user_fault_resolve(tf))
        kill_for(tf, signal_of_exception(tf->cause));
    irq_disable();
}

static void __attribute__((noinline)) user_other_trap(struct trapframe *tf)
{
    if (tf->cause & SCAUSE_INTERRUPT)
        trap_interrupt(tf);
    else
        user_exception(tf);
}

static void user_syscall(struct trapframe *tf)
{
    unsigned long number = tf->regs[REG_A7];
    syscall_thunk *call = number < SYSCALL_TABLE_LEN ? syscall_table[number] : NULL;
    tf->pc += 4; /* the ecall is done; exec and clone see where the program goes on */
    irq_enable();
    tf->regs[REG_A0] = call ? call(tf) : -ENOSYS;
    irq_disable();
}

void user_trap(struct trapframe *tf)
{
    if (likely(tf->cause == EXC_ECALL_USER))
        user_syscall(tf);
    else
        user_other_trap(tf);
    if (unlikely(this_hart()->attention))
        user_return_work();
}

static void user_trap_init(void)
{
    trap_set_vector(user_vector);
}
INIT_ENTRY(INIT_TRAPS, user_trap_init);
