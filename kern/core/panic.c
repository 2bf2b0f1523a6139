/* Reports of the unexpected.
 *
 * People get sentences and registers; tools get one line that starts with "@@ ". Addresses are printed
 * raw: the image carries no symbols, the host has them (make symbolize).
 */
#include "kern/core/panic.h"
#include "kern/core/backtrace.h"
#include "kern/core/printk.h"
#include "kern/dev/power.h"
#include "kern/riscv/hart.h"
#include "kern/riscv/trap.h"
#include "kern/sched/thread.h"

void (*panic_stop_harts)(void);

static void print_registers(const struct trapframe *tf)
{
    static const char names[] = "ra sp gp tp t0 t1 t2 s0 s1 a0 a1 a2 a3 a4 a5 a6 "
                                "a7 s2 s3 s4 s5 s6 s7 s8 s9 s10s11t3 t4 t5 t6 ";
    printk("  pc  %016lx  status %016lx  cause %lx  addr %lx\n", tf->pc, tf->status, tf->cause,
           tf->addr);
    for (int i = 1; i < 32; i++) {
        const char *name = &names[3 * (i - 1)];
        printk("  %c%c%c %016lx%s", name[0], name[1], name[2], tf->regs[i],
               i % 4 == 0 || i == 31 ? "\n" : "");
    }
}

/* The first panic reports; one during the report stops at once. */
static void begin_report(const char *kind, const char *format, va_list args)
{
    static uint32_t panicking;
    irq_disable();
    if (__atomic_exchange_n(&panicking, 1, __ATOMIC_RELAXED))
        power_off(EXIT_STATUS_PANIC);
    printk_ignore_locks();
    if (panic_stop_harts)
        panic_stop_harts();
    printk("\n%s: ", kind);
    vprintk(format, args);
    const struct thread *thread = this_hart()->current;
    printk("\n  hart %u, thread %d (%s)\n", this_hart()->index, thread->tid, thread->name);
}

/* The backtrace, for people and, with all that counts, on the line for tools. */
static void end_report(const char *kind, unsigned long cause, uintptr_t pc, uintptr_t addr,
                       const struct backtrace_start *start)
{
    uintptr_t trace[BACKTRACE_MAX];
    size_t n = backtrace_collect(start, trace);
    printk("backtrace:");
    for (size_t i = 0; i < n; i++)
        printk(" %p", (void *)trace[i]);
    printk("\n@@ %s hart=%u cause=%lu pc=%p addr=%p bt=", kind, this_hart()->index, cause,
           (void *)pc, (void *)addr);
    for (size_t i = 0; i < n; i++)
        printk(i ? ",%p" : "%p", (void *)trace[i]);
    printk("\n");
}

void panic(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    begin_report("panic", format, args);
    va_end(args);
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    struct backtrace_start start = {.pc = (uintptr_t)__builtin_return_address(0),
                                    .sp = frame,
                                    .fp = ((const uintptr_t *)frame)[-2]};
    end_report("panic", 0, start.pc, 0, &start);
    power_off(EXIT_STATUS_PANIC);
}

void panic_trap(const struct trapframe *tf, const char *kind, int exit_status, const char *format,
                ...)
{
    va_list args;
    va_start(args, format);
    begin_report(kind, format, args);
    va_end(args);
    print_registers(tf);
    struct backtrace_start start = {
        .pc = tf->pc, .ra = tf->regs[REG_RA], .sp = tf->regs[REG_SP], .fp = tf->regs[REG_S0]};
    if (!is_code(tf->pc)) { /* a jump to where there is no code: traced from where it came */
        start.pc = start.ra;
        start.ra = 0;
    }
    end_report(kind, tf->cause, tf->pc, tf->addr, &start);
    power_off(exit_status);
}
