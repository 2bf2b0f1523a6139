/*
 * probe-shim - makes system calls by a trap (SYSCALL=trap) as its arguments ask for, and reports what
 * came of them. What is right is judged outside.
 *
 * Kernel and program are one here: the probe takes the timer's interrupt for itself, to see during which
 * calls it can come.
 */
#include "user/probe-fused/facts.h"

#include <onering/syscalls.h>

enum { SP = 2, GP = 3, A0 = 10, A7 = 17, NREGS = 32, TIMER = 5, SIE = 2, STIE = 1 << TIMER };
enum {
    SBI_PUTCHAR = 1,
    SBI_TIME = 0x54494d45,
    EVERY = 2000
}; /* ticks of the machine's clock, 100 ns each */

long raw_call(long number, long a, long b, long c, long d, long e, long f);
void raw_getppid(unsigned long times);
void raw_call_with(unsigned long regs[NREGS]);

/* Of the kernel: kern/riscv/trap.h. */
void trap_on_interrupt(int irq, void (*handler)(void)) __asm__("kern.trap_on_interrupt");

/* The firmware prints: a write would bring all the console's calls into the image. */
static long firmware(unsigned long extension, unsigned long argument)
{
    register unsigned long a0 __asm__("a0") = argument;
    register unsigned long a1 __asm__("a1") = 0;
    register unsigned long a6 __asm__("a6") = 0;
    register unsigned long a7 __asm__("a7") = extension;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a6), "r"(a7) : "memory");
    return (long)a0;
}

long print(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        firmware(SBI_PUTCHAR, (unsigned char)text[i]);
    return (long)length;
}

/* --- calls --- */

/* exit STATUS */
static void leave(char **args)
{
    raw_call(SYS_exit_group, (long)number_of(args[0]), 0, 0, 0, 0, 0);
}

/* call NUMBER A0 A1 A2 A3 A4 A5 */
static void make_call(char **args)
{
    long number = (long)number_of(args[0]), a[6];
    for (int i = 0; i < 6; i++)
        a[i] = (long)number_of(args[i + 1]);
    long result = raw_call(number, a[0], a[1], a[2], a[3], a[4], a[5]);
    put("call ");
    put_decimal(number);
    fact(" =", result);
}

/* number NUMBER: a call without arguments */
static void make_plain_call(char **args)
{
    char *words[] = {args[0], "0", "0", "0", "0", "0", "0"};
    make_call(words);
}

static unsigned long next_number(unsigned long *state)
{
    *state = *state * 6364136223846793005UL + 1442695040888963407UL;
    return *state;
}

/* regs SEED NUMBER A0: every register a number of its own, and what it is after the call. */
static void show_registers(char **args)
{
    unsigned long regs[NREGS], state = number_of(args[0]);
    for (int i = 1; i < NREGS; i++)
        regs[i] = next_number(&state);
    regs[A7] = number_of(args[1]);
    regs[A0] = number_of(args[2]);
    raw_call_with(regs);
    put("regs");
    for (int i = 1; i < NREGS; i++) {
        put_char(' ');
        put_hex(i == SP ? regs[SP] - regs[GP] : i == GP ? 0 : regs[i]);
    }
    end_line();
}

/* getppid TIMES: nothing but that */
static void many_calls(char **args)
{
    raw_getppid(number_of(args[0]));
}

/* --- interrupts during a call --- */

static volatile unsigned long interrupts;

static unsigned long now(void)
{
    unsigned long time;
    __asm__ volatile("rdtime %0" : "=r"(time));
    return time;
}

static void on_timer(void)
{
    interrupts++;
    firmware(SBI_TIME, now() + EVERY);
}

static int interrupts_are_on(void)
{
    unsigned long sstatus;
    __asm__ volatile("csrr %0, sstatus" : "=r"(sstatus));
    return !!(sstatus & SIE);
}

/* long SIZE ON: a call that makes SIZE random bytes, while a timer runs; with interrupts on or off. How
 * many came during the call, and what the caller finds afterwards. */
static void long_call(char **args)
{
    static char bytes[1 << 20];
    unsigned long size = number_of(args[0]);
    unsigned on = (unsigned)number_of(args[1]);
    trap_on_interrupt(TIMER, on_timer);
    __asm__ volatile("csrc sstatus, %0" ::"r"(SIE));
    __asm__ volatile("csrs sie, %0" ::"r"(STIE));
    interrupts = 0;
    firmware(SBI_TIME, now() + EVERY);
    if (on)
        __asm__ volatile("csrs sstatus, %0" ::"r"(SIE));
    long result = raw_call(SYS_getrandom, (long)bytes, (long)size, 0, 0, 0, 0);
    int on_after = interrupts_are_on();
    __asm__ volatile("csrc sie, %0" ::"r"(STIE));
    unsigned long seen = interrupts;
    __asm__ volatile("csrs sstatus, %0" ::"r"(SIE));
    fact("long =", result);
    fact("interrupts", (long)seen);
    fact("on after", on_after);
}

/* read A: a trap that is no call, with a mark in registers that whoever decides this needs */
static void read_from(char **args)
{
    unsigned long address = number_of(args[0]);
    __asm__ volatile("li t0, 0x5eed\n"
                     "mv t1, tp\n"
                     "mv tp, t0\n"
                     "lb x0, 0(%0)\n"
                     "mv tp, t1"
                     :
                     : "r"(address)
                     : "t0", "t1");
    fact_hex("could read", address);
}

static const struct command commands[] = {
    {"exit", 1, leave},          {"call", 7, make_call},     {"number", 1, make_plain_call},
    {"regs", 3, show_registers}, {"getppid", 1, many_calls}, {"long", 2, long_call},
    {"read", 1, read_from},
};

int main(int argc, char **argv)
{
    return run_commands(argc, argv, commands, sizeof(commands) / sizeof(commands[0]));
}

/* Where crt0 arrives. */
_Noreturn void __libc_start(unsigned long *sp)
{
    raw_call(SYS_exit_group, main((int)*sp, (char **)(sp + 1)), 0, 0, 0, 0, 0);
    __builtin_unreachable();
}
