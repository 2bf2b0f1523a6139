/* What happens after the vector has saved the registers: find whoever handles this trap. */
#include "kern/riscv/trap.h"
#include "kern/core/panic.h"
#include "kern/riscv/hart.h"
#include "kern/sched/thread.h"

extern char trap_vector[];

static void unexpected_user_trap(struct trapframe *tf);

/* Set at start-up, before there is anything that could race. */
void (*trap_user_handler)(struct trapframe *tf) = unexpected_user_trap; /* vector.S calls it */
static void (*interrupt_handlers[IRQ_EXTERNAL + 1])(void);
static bool (*exception_handler)(struct trapframe *tf);
static void (*preempt_handler)(void);

void trap_init_hart(void)
{
    csr_write(stvec, trap_vector);
    csr_clear(sstatus, SSTATUS_FS); /* the firmware may have left it on */
}

void trap_on_interrupt(enum interrupt irq, void (*handler)(void))
{
    interrupt_handlers[irq] = handler;
}

void trap_on_user(void (*handler)(struct trapframe *tf))
{
    trap_user_handler = handler;
}

void trap_on_exception(bool (*handler)(struct trapframe *tf))
{
    exception_handler = handler;
}

void trap_on_preempt(void (*handler)(void))
{
    preempt_handler = handler;
}

const char *trap_cause_name(unsigned long cause)
{
    static const char *const names[] = {
        [EXC_FETCH_MISALIGNED] = "misaligned fetch",
        [EXC_FETCH_ACCESS] = "fetch access fault",
        [EXC_ILLEGAL] = "illegal instruction",
        [EXC_BREAKPOINT] = "breakpoint",
        [EXC_LOAD_MISALIGNED] = "misaligned load",
        [EXC_LOAD_ACCESS] = "load access fault",
        [EXC_STORE_MISALIGNED] = "misaligned store",
        [EXC_STORE_ACCESS] = "store access fault",
        [EXC_ECALL_USER] = "ecall",
        [EXC_FETCH_PAGE] = "fetch page fault",
        [EXC_LOAD_PAGE] = "load page fault",
        [EXC_STORE_PAGE] = "store page fault",
    };
    if (cause & SCAUSE_INTERRUPT)
        return "interrupt";
    if (cause >= ARRAY_LEN(names) || !names[cause])
        return "unknown trap";
    return names[cause];
}

void trap_interrupt(const struct trapframe *tf)
{
    unsigned long irq = tf->cause & ~SCAUSE_INTERRUPT;
    if (irq >= ARRAY_LEN(interrupt_handlers) || !interrupt_handlers[irq])
        panic_trap(tf, "panic", EXIT_STATUS_PANIC, "interrupt %lu has no handler", irq);
    interrupt_handlers[irq]();
}

static bool stack_is_bad(const struct trapframe *tf)
{
    const struct thread *thread = this_hart()->current;
    uintptr_t sp = tf->regs[REG_SP];
    return sp < thread->stack_lo + sizeof(*tf) || sp > thread->stack_hi;
}

static void unexpected_user_trap(struct trapframe *tf)
{
    panic_trap(tf, "panic", EXIT_STATUS_PANIC, "trap from user mode: this image has no processes");
}

/* A trap out of S-mode: the kernel, or in the fused shape the application. Interrupts are off. */
void trap_kernel(struct trapframe *tf)
{
    /* For an interrupt as well: a switch of threads here would take the emergency stack along. */
    if (stack_is_bad(tf))
        panic_trap(tf, "panic", EXIT_STATUS_PANIC, "stack overflow: sp is %p, the stack %p..%p",
                   (void *)tf->regs[REG_SP], (void *)this_hart()->current->stack_lo,
                   (void *)this_hart()->current->stack_hi);
    if (tf->cause & SCAUSE_INTERRUPT) {
        trap_interrupt(tf);
        if (this_hart()->attention && preempt_handler)
            preempt_handler();
        return;
    }
    if (exception_handler && exception_handler(tf))
        return;
    panic_trap(tf, "panic", EXIT_STATUS_PANIC, "%s in the kernel", trap_cause_name(tf->cause));
}
