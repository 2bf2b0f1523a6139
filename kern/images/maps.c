/* The second image of the course: `boot` and address spaces. Still no processes.
 *
 * It turns translation on, makes a mapping, shows the page-table entries on the way to it, and switches
 * the machine off. Bootargs "read ADDRESS", "write ADDRESS" or "fetch ADDRESS" (hexadecimal) try that
 * access first: whether it faults is a property of the maps.
 */
#include "kern/core/boot.h"
#include "kern/core/panic.h"
#include "kern/core/printk.h"
#include "kern/core/string.h"
#include "kern/dev/machine.h"
#include "kern/dev/power.h"
#include "kern/mem/kmap.h"
#include "kern/mem/pages.h"
#include "kern/riscv/csr.h"
#include "kern/riscv/sv39.h"

#define DEMO_VA 0x40000000UL /* in the part of the address space that processes will own */

static void *new_table(void)
{
    return page_alloc_zeroed();
}

static uintptr_t parse_hex(const char *text)
{
    uintptr_t value = 0;
    if (strncmp(text, "0x", 2) == 0)
        text += 2;
    for (; *text; text++) {
        char c = *text;
        if (c >= '0' && c <= '9')
            value = value * 16 + (c - '0');
        else if (c >= 'a' && c <= 'f')
            value = value * 16 + (c - 'a' + 10);
        else
            break;
    }
    return value;
}

static void show_walk(pte_t *root, uintptr_t va)
{
    pte_t *table = root;
    for (int level = 2; level >= 0; level--) {
        pte_t entry = table[sv39_index(va, level)];
        printk("maps: %p level %d entry %lu is %016lx\n", (void *)va, level, sv39_index(va, level),
               entry);
        if (!(entry & PTE_V) || pte_is_leaf(entry))
            return;
        table = (pte_t *)pte_to_pa(entry);
    }
}

static void show_mapping(void)
{
    uint64_t *page = page_alloc_zeroed();
    if (!page || !sv39_map(kmap_root, DEMO_VA, (uintptr_t)page, PTE_RW, 0, new_table))
        panic("no memory for one page");
    sfence_vma_all();
    show_walk(kmap_root, DEMO_VA);
    *(volatile uint64_t *)DEMO_VA = 0x5eed;
    printk("maps: wrote %lx at %p, found %lx at %p\n", 0x5eedUL, (void *)DEMO_VA, *page,
           (void *)page);
}

static void try_access(const char *words)
{
    if (strncmp(words, "read ", 5) == 0)
        printk("maps: read %lx\n", *(volatile uint64_t *)parse_hex(words + 5));
    if (strncmp(words, "write ", 6) == 0) {
        *(volatile uint64_t *)parse_hex(words + 6) = 1;
        printk("maps: written\n");
    }
    if (strncmp(words, "fetch ", 6) == 0)
        ((void (*)(void))parse_hex(words + 6))();
}

void image_main(void)
{
    printk("maps: satp is %016lx\n", csr_read(satp));
    show_mapping();
    try_access(machine.bootargs);
    printk("maps: done\n");
    power_off(0);
}
