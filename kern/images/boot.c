/* The first image of the course: entry, console, traps, a timer, panic. No address spaces, no
 * threads to switch to, no processes.
 *
 * It says what machine it found, takes a breakpoint and a few ticks of the clock, and switches the
 * machine off. With "panic" or "fault" in the bootargs it ends with a report instead.
 */
#include "kern/core/boot.h"
#include "kern/core/clock.h"
#include "kern/core/panic.h"
#include "kern/core/printk.h"
#include "kern/core/string.h"
#include "kern/dev/machine.h"
#include "kern/dev/power.h"
#include "kern/riscv/hart.h"
#include "kern/riscv/trap.h"

#define TICKS_TO_SHOW 3

static volatile unsigned ticks;

static void count_tick(void)
{
    ticks = ticks + 1;
}

/* A breakpoint is the one exception this image survives: it steps over the instruction, which is two
 * or four bytes long. */
static bool skip_breakpoint(struct trapframe *tf)
{
    if (tf->cause != EXC_BREAKPOINT)
        return false;
    printk("boot: breakpoint at %p\n", (void *)tf->pc);
    bool compressed = (*(const uint16_t *)tf->pc & 3) != 3;
    tf->pc += compressed ? 2 : 4;
    return true;
}

static void show_machine(void)
{
    printk("boot: hart %u of %u, %lu MiB of memory at %p, clock %u Hz\n", harts[0].hartid,
           machine.nharts, machine.ram.size / MiB, (void *)machine.ram.start, machine.timebase_hz);
    printk("boot: arguments \"%s\"\n", machine.bootargs);
}

static void wait_for_ticks(void)
{
    clock_start_ticks(count_tick);
    for (unsigned seen = 0; seen < TICKS_TO_SHOW;) {
        irq_disable();
        if (ticks == seen)
            __asm__ volatile("wfi");
        irq_enable();
        while (seen < ticks)
            printk("boot: tick %u\n", ++seen);
    }
}

void image_main(void)
{
    show_machine();
    trap_on_exception(skip_breakpoint);
    __asm__ volatile("ebreak");
    wait_for_ticks();
    if (strcmp(machine.bootargs, "panic") == 0)
        panic("asked to panic by the bootargs");
    if (strcmp(machine.bootargs, "fault") == 0)
        __asm__ volatile("sd zero, 8(zero)" ::: "memory");
    printk("boot: done\n");
    power_off(0);
}
