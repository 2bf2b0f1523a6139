/* Reports of the unexpected.
 *
 * People get sentences and registers; tools get one line that starts with "@@ ". Addresses are printed
 * raw: the image carries no symbols, the host has them (make symbolize).
 */
#include "kern/core/panic.h"
#include "kern/core/printk.h"
#include "kern/dev/power.h"
#include "kern/riscv/hart.h"
#include "kern/riscv/trap.h"
#include "kern/sched/thread.h"

#define BACKTRACE_MAX 24

void (*panic_stop_harts)(void);

static bool is_code(uintptr_t address)
{
    extern char text_start[], text_end[];
    return address >= (uintptr_t)text_start && address < (uintptr_t)text_end;
}

/* A function's frame, as gcc lays it out with -fno-omit-frame-pointer:
 *
 *     fp ->  +------------------+  higher addresses
 *      -8    | return address   |
 *      -16   | caller's fp      |
 *            | ...              |
 */
static size_t backtrace_collect(uintptr_t pc, uintptr_t fp, uintptr_t *trace)
{
    const struct thread *thread = this_hart()->current;
    size_t n = 0;
    trace[n++] = pc;
    while (n < BACKTRACE_MAX && fp % 8 == 0 && fp >= thread->stack_lo + 16 &&
           fp <= thread->stack_hi) {
        uintptr_t ra = ((uintptr_t *)fp)[-1], caller = ((uintptr_t *)fp)[-2];
        if (!is_code(ra))
            break;
        trace[n++] = ra;
        if (caller <= fp)
            break;
        fp = caller;
    }
    return n;
}

/* Prints " 0x1 0x2" or, for tools, "0x1,0x2". */
static void print_trace(uintptr_t pc, uintptr_t fp, const char *before_first, const char *between)
{
    uintptr_t trace[BACKTRACE_MAX];
    size_t n = backtrace_collect(pc, fp, trace);
    for (size_t i = 0; i < n; i++)
        printk("%s%p", i ? between : before_first, (void *)trace[i]);
    printk("\n");
}

void backtrace_print(uintptr_t pc, uintptr_t fp)
{
    printk("backtrace:");
    print_trace(pc, fp, " ", " ");
}

/* `from`: where the backtrace starts. */
static void machine_line(const char *kind, unsigned long cause, uintptr_t addr, uintptr_t pc,
                         uintptr_t from, uintptr_t fp)
{
    printk("@@ %s hart=%u cause=%lu pc=%p addr=%p bt=", kind, this_hart()->index, cause, (void *)pc,
           (void *)addr);
    print_trace(from, fp, "", ",");
}

static void print_registers(const struct trapframe *tf)
{
    static const char names[32][4] = {"",   "ra", "sp",  "gp",  "tp", "t0", "t1", "t2",
                                      "s0", "s1", "a0",  "a1",  "a2", "a3", "a4", "a5",
                                      "a6", "a7", "s2",  "s3",  "s4", "s5", "s6", "s7",
                                      "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6"};
    printk("  pc  %016lx  status %016lx  cause %lx  addr %lx\n", tf->pc, tf->status, tf->cause,
           tf->addr);
    for (int i = 1; i < 32; i++)
        printk("  %-3s %016lx%s", names[i], tf->regs[i], i % 4 == 0 || i == 31 ? "\n" : "");
}

static void print_where(void)
{
    const struct thread *thread = this_hart()->current;
    printk("  hart %u, thread %d (%s)\n", this_hart()->index, thread->tid, thread->name);
}

/* The first panic reports; one during the report stops at once. */
static void panic_begin(void)
{
    static uint32_t panicking;
    irq_disable();
    if (__atomic_exchange_n(&panicking, 1, __ATOMIC_RELAXED))
        power_off(EXIT_STATUS_PANIC);
    printk_ignore_locks();
    if (panic_stop_harts)
        panic_stop_harts();
}

void panic(const char *format, ...)
{
    panic_begin();
    printk("\npanic: ");
    va_list args;
    va_start(args, format);
    vprintk(format, args);
    va_end(args);
    printk("\n");
    print_where();
    uintptr_t pc = (uintptr_t)__builtin_return_address(0);
    uintptr_t fp = *((uintptr_t *)__builtin_frame_address(0) - 2);
    backtrace_print(pc, fp);
    machine_line("panic", 0, 0, pc, pc, fp);
    power_off(EXIT_STATUS_PANIC);
}

void panic_trap(const struct trapframe *tf, const char *kind, int exit_status, const char *format,
                ...)
{
    panic_begin();
    printk("\n%s: ", kind);
    va_list args;
    va_start(args, format);
    vprintk(format, args);
    va_end(args);
    printk("\n");
    print_where();
    print_registers(tf);
    /* A jump to where there is no code made no frame: it is traced from where it came. */
    uintptr_t from = is_code(tf->pc) ? tf->pc : tf->regs[REG_RA], fp = tf->regs[REG_S0];
    backtrace_print(from, fp);
    machine_line(kind, tf->cause, tf->addr, tf->pc, from, fp);
    power_off(exit_status);
}
