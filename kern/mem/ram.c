/* Which memory is free at boot: all RAM behind the image, less what the device tree sets aside.
 *
 * pages.c names this initialiser (INIT_NEEDS) wherever a page is asked for.
 */
#include "kern/core/init.h"
#include "kern/core/panic.h"
#include "kern/dev/machine.h"
#include "kern/mem/kmap.h"
#include "kern/mem/pages.h"

#define RAM_MIN (128 * KiB) /* with less behind the image nothing useful would start */

extern char image_end[];

static void reserve(struct machine_range range)
{
    if (range.size)
        pages_reserve(PAGE_DOWN(range.start), PAGE_UP(range.start + range.size));
}

static void ram_init(void)
{
    uintptr_t start = PAGE_UP((uintptr_t)image_end);
    uintptr_t end = PAGE_DOWN(MIN(machine.ram.start + machine.ram.size, RAM_LIMIT));
    if (end < start + RAM_MIN)
        panic("no memory left behind the kernel image: give the machine more (-m)");
    reserve(machine.fdt);
    reserve(machine.initrd);
    for (uint32_t i = 0; i < machine.nreserved; i++)
        reserve(machine.reserved[i]);
    pages_init(start, end);
}
INIT_ENTRY(INIT_MEMORY, ram_init);
