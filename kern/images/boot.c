/* The first image of the course: entry, console, traps, a timer, panic. No address spaces, no
 * threads to switch to, no processes.
 *
 * It says what machine it found and does what the bootargs ask for, word by word:
 *
 *     break 2 ticks 5 chain abba panic
 *
 * commands.h lists what there is. With no bootargs it takes a breakpoint and a few ticks of the clock.
 * In the end it switches the machine off.
 */
#include "kern/core/boot.h"
#include "kern/core/panic.h"
#include "kern/core/printk.h"
#include "kern/core/string.h"
#include "kern/dev/machine.h"
#include "kern/dev/power.h"
#include "kern/images/boot/commands.h"
#include "kern/riscv/hart.h"

#define WORDS_MAX 64

static void command_say(char **words)
{
    printk("boot: %s\n", words[0]);
}

/* Each line goes to the console in one piece, which is larger than the port's FIFO. */
static void command_flood(char **words)
{
    char line[80];
    uint64_t nlines = parse_number(words[0]);
    for (uint64_t i = 1; i <= nlines; i++) {
        format_string(line, sizeof(line), "flood %lu: abcdefghijklmnopqrstuvwxyz0123456789\n", i);
        printk("%s", line);
    }
}

static void show_device(const char *name, const struct machine_device *device)
{
    printk("boot: %s at 0x%lx, 0x%lx bytes\n", name, device->base, device->size);
}

static void show_everything(const struct machine *found)
{
    printk("boot: ram at 0x%lx, 0x%lx bytes\n", found->ram.start, found->ram.size);
    show_device("uart", &found->uart);
    show_device("plic", &found->plic);
    show_device("finisher", &found->finisher);
    show_device("rtc", &found->rtc);
    for (uint32_t i = 0; i < found->nvirtio; i++)
        show_device("virtio", &found->virtio[i]);
    for (uint32_t i = 0; i < found->nreserved; i++)
        printk("boot: reserved at 0x%lx, 0x%lx bytes\n", found->reserved[i].start,
               found->reserved[i].size);
}

static void command_machine(char **words)
{
    (void)words;
    show_everything(&machine);
}

/* Reads another device tree, which somebody has put into memory. */
static void command_tree(char **words)
{
    static struct machine mine, other;
    mine = machine;
    memset(&machine, 0, sizeof(machine));
    machine_init((const void *)parse_number(words[0]));
    other = machine;
    machine = mine;
    show_everything(&other);
}

static void command_panic(char **words)
{
    (void)words;
    panic("asked to panic by the bootargs");
}

static const struct command commands[] = {
    {"say", command_say, 1},
    {"flood", command_flood, 1},
    {"machine", command_machine, 0},
    {"tree", command_tree, 1},
    {"break", command_break, 1},
    {"nest", command_nest, 1},
    {"registers", command_registers, 1},
    {"fault", command_fault, 2},
    {"illegal", command_illegal, 0},
    {"overrun", command_overrun, 1},
    {"ticks", command_ticks, 1},
    {"late", command_late, 1},
    {"lazy", command_lazy, 2},
    {"chimes", command_chimes, 1},
    {"timers", command_timers, 1},
    {"chain", command_chain, 2},
    {"bend", command_bend, 1},
    {"adrift", command_adrift, 1},
    {"aside", command_aside, 1},
    {"panic", command_panic, 0},
    {"probe", probe, 0},
};

static void show_machine(void)
{
    printk("boot: hart %u of %u, %lu MiB of memory at %p, clock %u Hz\n", harts[0].hartid,
           machine.nharts, machine.ram.size / MiB, (void *)machine.ram.start, machine.timebase_hz);
    printk("boot: arguments \"%s\"\n", machine.bootargs);
}

void image_main(void)
{
    static char buffer[1024];
    char *tour[] = {"break", "1", "ticks", "3"};
    char *given[WORDS_MAX];
    show_machine();
    traps_init();
    int left = machine_args(buffer, sizeof(buffer), given, WORDS_MAX);
    if (left < 0)
        panic("the bootargs are too long");
    char **words = left > 0 ? given : tour;
    if (left == 0)
        left = ARRAY_LEN(tour);
    commands_run("boot", commands, ARRAY_LEN(commands), words, left);
    printk("boot: done\n");
    power_off(0);
}
