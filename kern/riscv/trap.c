/* What happens after the vector has saved the registers: find whoever handles this trap. */
#include "kern/riscv/trap.h"
#include "kern/core/panic.h"
#include "kern/core/string.h"
#include "kern/riscv/hart.h"
#include "kern/sched/thread.h"
#include <stack_shape.h>

extern char trap_vector[];

/* vector.S calls these. */
void trap_kernel(struct trapframe *tf);
struct trapframe *trap_stack(struct trapframe *tf);

/* Set at start-up, before there is anything that could race. */
static const char *vector = trap_vector;
static void (*interrupt_handlers[IRQ_EXTERNAL + 1])(void);
static bool (*exception_handler)(struct trapframe *tf);
static void (*preempt_handler)(void);

/* How the report of a trap that nobody handles is headed, and how the machine ends. */
static const char *report_kind = "panic";
static int report_status = EXIT_STATUS_PANIC;

void trap_init_hart(void)
{
    csr_write(stvec, vector);
    csr_clear(sstatus, SSTATUS_FS); /* the firmware may have left it on */
}

void trap_on_interrupt(enum interrupt irq, void (*handler)(void))
{
    interrupt_handlers[irq] = handler;
}

void trap_set_vector(const char *entry)
{
    vector = entry;
    csr_write(stvec, vector);
}

void trap_on_exception(bool (*handler)(struct trapframe *tf))
{
    exception_handler = handler;
}

void trap_on_preempt(void (*handler)(void))
{
    preempt_handler = handler;
}

void trap_blame(const char *kind, int exit_status)
{
    report_kind = kind;
    report_status = exit_status;
}

const char *trap_cause_name(unsigned long cause)
{
    /* One string, and not a table of pointers: it is in every image. Causes in their order. */
    static const char names[] = "misaligned fetch\0" /* EXC_FETCH_MISALIGNED, 0 */
                                "fetch access fault\0"
                                "illegal instruction\0"
                                "breakpoint\0"
                                "misaligned load\0"
                                "load access fault\0"
                                "misaligned store\0"
                                "store access fault\0"
                                "ecall\0"
                                "\0\0\0"
                                "fetch page fault\0" /* EXC_FETCH_PAGE, 12 */
                                "load page fault\0"
                                "\0"
                                "store page fault\0"; /* EXC_STORE_PAGE, 15 */
    const char *name = names;
    for (unsigned long i = 0; i < cause && name < names + sizeof(names) - 1; i++)
        name += strlen(name) + 1;
    return *name ? name : "unknown trap";
}

static void unhandled(const struct trapframe *tf) __attribute__((noreturn));
static void unhandled(const struct trapframe *tf)
{
    panic_trap(tf, report_kind, report_status, "%s at address %p", trap_cause_name(tf->cause),
               (void *)tf->addr);
}

void trap_interrupt(const struct trapframe *tf)
{
    unsigned long irq = tf->cause & ~SCAUSE_INTERRUPT;
    if (irq >= ARRAY_LEN(interrupt_handlers) || !interrupt_handlers[irq])
        unhandled(tf);
    interrupt_handlers[irq]();
}

/* The trapframe lies on the emergency stack, where nothing else can go on: it has to be free for the
 * next one. */
static bool stack_is_bad(const struct trapframe *tf)
{
    return this_hart()->emergency_sp - (uintptr_t)tf <= EMERGENCY_STACK_SIZE;
}

/* sp was outside the thread's stack, so `tf` is on the emergency stack. If sp is on another stack, the
 * trap is handled there like any other: where its frame is now. */
struct trapframe *trap_stack(struct trapframe *tf)
{
    uintptr_t below_sp = ALIGN_DOWN(tf->regs[REG_SP], 16) - sizeof(*tf);
    if (!is_other_stack(below_sp, sizeof(*tf)))
        return tf;
    return memcpy((void *)below_sp, tf, sizeof(*tf));
}

static void stack_overflow(const struct trapframe *tf) __attribute__((noreturn));
static void stack_overflow(const struct trapframe *tf)
{
    const struct thread *thread = this_hart()->current;
    panic_trap(tf, report_kind, report_status, "stack overflow: sp is %p, the stack %p..%p",
               (void *)tf->regs[REG_SP], (void *)thread->stack_lo, (void *)thread->stack_hi);
}

/* A trap out of S-mode: the kernel, or in the fused shape the application. Interrupts are off. */
void trap_kernel(struct trapframe *tf)
{
    /* For an interrupt as well: a switch of threads here would take the emergency stack along. */
    if (stack_is_bad(tf))
        stack_overflow(tf);
    if (tf->cause & SCAUSE_INTERRUPT) {
        trap_interrupt(tf);
        if (this_hart()->attention && preempt_handler)
            preempt_handler();
        return;
    }
    if (exception_handler && exception_handler(tf))
        return;
    unhandled(tf);
}
