/* Traps on demand: breakpoints, faults, and a look at every register across a trap. */
#include "kern/core/printk.h"
#include "kern/core/string.h"
#include "kern/images/boot/commands.h"
#include "kern/riscv/trap.h"

/* What registers.S loads and stores; it knows these offsets. */
struct register_values {
    uint64_t before[32]; /* 0: x0, x2 (sp) and x3 (gp) are not loaded */
    uint64_t after[32];  /* 256 */
};

void registers_try(struct register_values *values);       /* registers.S */
void trap_with_bad_stack(void) __attribute__((noreturn)); /* registers.S */
void wait_with_bad_stack(void) __attribute__((noreturn)); /* registers.S */

static struct trapframe caught; /* by the last breakpoint */
static bool quiet;
static uint64_t nesting; /* how many breakpoints the handler has still to take */

/* A breakpoint is the one exception this image survives: it steps over the instruction, which is two
 * or four bytes long. */
static bool take_breakpoint(struct trapframe *tf)
{
    if (tf->cause != EXC_BREAKPOINT)
        return false;
    if (!quiet)
        printk("boot: breakpoint at %p\n", (void *)tf->pc);
    if (nesting > 0) {
        nesting--;
        __asm__ volatile("ebreak");
    }
    caught = *tf;
    bool compressed = (*(const uint16_t *)tf->pc & 3) != 3;
    tf->pc += compressed ? 2 : 4;
    return true;
}

void traps_init(void)
{
    trap_on_exception(take_breakpoint);
}

void command_break(char **words)
{
    uint64_t count = parse_number(words[0]);
    for (uint64_t i = 0; i < count; i++)
        __asm__ volatile("ebreak");
}

void command_nest(char **words)
{
    nesting = parse_number(words[0]) - 1;
    __asm__ volatile("ebreak");
    printk("boot: back from the depth\n");
}

/* A sequence of numbers without a pattern, the same here and in the test that draws the seed. */
static uint64_t next_number(uint64_t number)
{
    return number * 6364136223846793005UL + 1442695040888963407UL;
}

void command_registers(char **words)
{
    static struct register_values values;
    uint64_t number = parse_number(words[0]);
    for (int i = 1; i < 32; i++)
        values.before[i] = number = next_number(number);
    quiet = true;
    registers_try(&values);
    quiet = false;
    for (int i = 1; i < 32; i++)
        printk("boot: x%d saved %016lx after %016lx\n", i, caught.regs[i], values.after[i]);
    printk("boot: saved pc %016lx status %016lx cause %lx addr %lx\n", caught.pc, caught.status,
           caught.cause, caught.addr);
}

void command_fault(char **words)
{
    uintptr_t address = parse_number(words[1]);
    if (strcmp(words[0], "load") == 0)
        (void)*(volatile uint64_t *)address;
    else if (strcmp(words[0], "store") == 0)
        *(volatile uint64_t *)address = 0;
    else
        ((void (*)(void))address)();
}

void command_illegal(char **words)
{
    (void)words;
    __asm__ volatile("unimp");
}

void command_overrun(char **words)
{
    if (strcmp(words[0], "tick") != 0)
        trap_with_bad_stack();
    start_ticks();
    wait_with_bad_stack();
}
