/* The second image of the course: `boot` and address spaces. Still no processes.
 *
 * It does what the bootargs ask for, word by word:
 *
 *     map 40000000 84000000 VRWAD 0 on write 40000000 read 84000000
 *
 * maps/commands.h lists what there is. With no bootargs it walks a small table that was made by hand. In
 * the end it switches the machine off. Translation is off until it is asked for.
 */
#include "kern/core/boot.h"
#include "kern/core/printk.h"
#include "kern/core/string.h"
#include "kern/dev/machine.h"
#include "kern/dev/power.h"
#include "kern/images/maps/commands.h"
#include "kern/images/commands.h"
#include "kern/mem/pages.h"
#include "kern/riscv/csr.h"

#define WORDS_MAX 512

static void command_park(char **words)
{
    (void)words;
    printk("maps: parked\n");
    irq_disable();
    for (;;)
        __asm__ volatile("wfi");
}

static const struct command commands[] = {
    {"tables", command_tables, 1},
    {"root", command_root, 1},
    {"demo", command_demo, 0},
    {"watch", command_watch, 1},
    {"walk", command_walk, 1},
    {"create", command_create, 2},
    {"map", command_map, 4},
    {"protect", command_protect, 3},
    {"unmap", command_unmap, 2},
    {"drop", command_drop, 2},
    {"why", command_why, 2},
    {"whyuser", command_whyuser, 2},
    {"on", command_on, 0},
    {"translate", command_translate, 0},
    {"kernel", command_kernel, 0},
    {"read", command_read, 1},
    {"write", command_write, 1},
    {"fetch", command_fetch, 1},
    {"try", command_try, 0},
    {"load", command_load, 3},
    {"loadflush", command_loadflush, 3},
    {"flash", command_flash, 3},
    {"park", command_park, 0},
};

uintptr_t parse_hex(const char *text)
{
    uintptr_t value = 0;
    if (strncmp(text, "0x", 2) == 0)
        text += 2;
    for (; *text; text++)
        value = value * 16 + (uintptr_t)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
    return value;
}

unsigned long parse_flags(const char *text)
{
    static const char letters[] = "VRWXUGAD"; /* from bit 0 up */
    unsigned long flags = 0;
    for (; *text; text++)
        for (size_t bit = 0; letters[bit]; bit++)
            if (*text == letters[bit])
                flags |= 1UL << bit;
    return flags;
}

void image_main(void)
{
    static char buffer[8192];
    static char *given[WORDS_MAX];
    char *tour[] = {"demo", "walk", "40000123", "walk", "40200123", "walk", "c0000000"};
    char **words = given;
    int n = machine_args(buffer, sizeof(buffer), given, WORDS_MAX);
    if (n < 0)
        commands_refuse("maps", commands, ARRAY_LEN(commands), "(more words than fit)");
    if (n == 0) {
        words = tour;
        n = ARRAY_LEN(tour);
    }
    maps_root = page_alloc_zeroed();
    printk("maps: root %lx\n", (uintptr_t)maps_root);
    commands_run("maps", commands, ARRAY_LEN(commands), words, n);
    printk("maps: done\n");
    power_off(0);
}
