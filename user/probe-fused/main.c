/*
 * probe-fused - does what its arguments ask for, and reports what it found: where it began, with what on
 * its stack, what it may touch, what its heap does. What is right is judged outside.
 *
 * The arguments are commands with arguments of their own. The same program runs fused and, as the first
 * process, in a kernel with processes.
 */
#include "facts.h"
#include "parts.h"

#include <onering/syscalls.h>

int main(int argc, char **argv);

/* Where the kernel left the arguments. */
static unsigned long *first_sp;

long print(const char *text, size_t length)
{
    return sys_write(STDOUT, text, length);
}

/* --- the start --- */

/* start: all that lies on the stack, word by word. The rest of the arguments are just
 * that. */
static void show_start(char **args)
{
    (void)args;
    unsigned long *at = first_sp;
    fact_hex("sp", (unsigned long)first_sp);
    fact("argc", (long)*at++);
    for (; *at; at++) {
        put("arg ");
        put((const char *)*at);
        end_line();
        fact_hex("at", *at);
    }
    at++;
    for (; *at; at++)
        fact_hex("env", *at);
    at++;
    for (; *at; at += 2) {
        put("aux ");
        put_decimal((long)at[0]);
        fact_hex("", at[1]);
    }
    fact_hex("end", (unsigned long)(at + 2));
    sys_exit_group(0);
}

/* ran: what the init table of the kernel has run of ours */
static void show_ran(char **args)
{
    (void)args;
    needed_parts();
    fact("ran", (long)probe_ran);
}

/* exit STATUS */
static void leave(char **args)
{
    sys_exit_group((int)number_of(args[0]));
}

/* --- what may be touched --- */

/* state: CSRs that only a kernel can read. */
static void show_state(char **args)
{
    unsigned long sstatus, satp;
    (void)args;
    __asm__ volatile("csrr %0, sstatus" : "=r"(sstatus));
    __asm__ volatile("csrr %0, satp" : "=r"(satp));
    fact_hex("sstatus", sstatus);
    fact_hex("satp", satp);
}

int probe_waits;

/* wait: until somebody outside has seen enough. */
static void wait_for_ever(char **args)
{
    (void)args;
    put("waiting");
    end_line();
    *(volatile int *)&probe_waits = 1;
    while (*(volatile int *)&probe_waits)
        continue;
}

/* read A, write A, jump A */
static void read_from(char **args)
{
    unsigned long at = number_of(args[0]);
    volatile unsigned char *byte = (volatile unsigned char *)at;
    (void)*byte;
    fact_hex("could read", at);
}

static void write_to(char **args)
{
    unsigned long at = number_of(args[0]);
    volatile unsigned char *byte = (volatile unsigned char *)at;
    *byte = 0;
    fact_hex("could write", at);
}

static void jump_to(char **args)
{
    unsigned long at = number_of(args[0]);
    ((void (*)(void))at)();
    fact_hex("could jump", at);
}

/* deep: a stack that has no end. */
static long down(long depth)
{
    volatile char frame[256];
    frame[0] = (char)depth;
    return depth < 0 ? 0 : down(depth + 1) + frame[0];
}

static void go_deep(char **args)
{
    (void)args;
    fact("came back", down(0));
}

/* --- the heap --- */

static char *heap; /* where the break was at first */

/* brk OFFSET: asks for the break to be there, and says where it is; from the first one on. */
static void move_break(char **args)
{
    if (!heap)
        heap = (char *)sys_brk(0);
    long now = sys_brk((unsigned long)heap + number_of(args[0]));
    put("brk ");
    put_decimal((long)number_of(args[0]));
    fact(" =", now - (long)heap);
}

/* heap: where it begins */
static void show_heap(char **args)
{
    (void)args;
    if (!heap)
        heap = (char *)sys_brk(0);
    fact_hex("heap", (unsigned long)heap);
}

/* most: the largest break there can be, to a page */
static void grow_to_the_end(char **args)
{
    unsigned long have = 0, step = 1UL << 32;
    (void)args;
    if (!heap)
        heap = (char *)sys_brk(0);
    for (; step >= 4096; step /= 2)
        if (sys_brk((unsigned long)heap + have + step) == (long)((unsigned long)heap + have + step))
            have += step;
    fact("most", (long)have);
}

/* fill OFFSET LENGTH: with ones */
static void fill(char **args)
{
    char *at = heap + number_of(args[0]);
    for (unsigned long n = number_of(args[1]); n > 0; n--)
        *at++ = 1;
}

/* sum OFFSET LENGTH: of the bytes there */
static void show_sum(char **args)
{
    const char *at = heap + number_of(args[0]);
    long sum = 0;
    for (unsigned long n = number_of(args[1]); n > 0; n--)
        sum += *at++;
    fact("sum", sum);
}

/* --- calls --- */

/* ecall A7 A6 A0: the bare instruction. Who answers? */
static void bare_ecall(char **args)
{
    unsigned long extension = number_of(args[0]), function = number_of(args[1]),
                  arg = number_of(args[2]);
    register unsigned long a0 __asm__("a0") = arg;
    register unsigned long a1 __asm__("a1") = 0;
    register unsigned long a6 __asm__("a6") = function;
    register unsigned long a7 __asm__("a7") = extension;
    __asm__ volatile(".globl the_ecall, behind_the_ecall\n"
                     "the_ecall: .option push; .option norvc; ecall; .option pop\n"
                     "behind_the_ecall:"
                     : "+r"(a0), "+r"(a1)
                     : "r"(a6), "r"(a7)
                     : "memory");
    unsigned long answer = a0;
    fact("ecall =", (long)answer);
}

/* getppid TIMES, write TIMES: nothing but these calls */
static void many_getppid(char **args)
{
    for (unsigned long n = number_of(args[0]); n > 0; n--)
        sys_getppid();
}

static void many_writes(char **args)
{
    for (unsigned long n = number_of(args[0]); n > 0; n--)
        sys_write(STDOUT, ".", 1);
    end_line();
}

static const struct command commands[] = {
    {"start", 0, show_start},   {"ran", 0, show_ran},
    {"exit", 1, leave},         {"state", 0, show_state},
    {"wait", 0, wait_for_ever}, {"read", 1, read_from},
    {"write", 1, write_to},     {"jump", 1, jump_to},
    {"deep", 0, go_deep},       {"brk", 1, move_break},
    {"heap", 0, show_heap},     {"most", 0, grow_to_the_end},
    {"fill", 2, fill},          {"sum", 2, show_sum},
    {"ecall", 3, bare_ecall},   {"getppid", 1, many_getppid},
    {"writes", 1, many_writes},
};

int main(int argc, char **argv)
{
    return run_commands(argc, argv, commands, sizeof(commands) / sizeof(commands[0]));
}

/* Where crt0 arrives. A program with a libc has this from there. */
_Noreturn void __libc_start(unsigned long *sp)
{
    first_sp = sp;
    sys_exit_group(main((int)*sp, (char **)(sp + 1)));
    __builtin_unreachable();
}
