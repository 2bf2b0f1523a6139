/* A page table made by hand: three tables, three leaves, one of each size.
 *
 *     40000000   4 KiB   the page of `page`
 *     40200000   2 MiB   where the image is
 *     80000000   1 GiB   the first GiB of RAM
 */
#include "kern/core/printk.h"
#include "kern/images/maps/commands.h"
#include "kern/mem/pages.h"

#define DEMO_VA  0x40000000UL
#define IMAGE_PA 0x80200000UL
#define RAM_PA   0x80000000UL

static pte_t root[SV39_ENTRIES] __attribute__((aligned(PAGE_SIZE)));
static pte_t middle[SV39_ENTRIES] __attribute__((aligned(PAGE_SIZE)));
static pte_t low[SV39_ENTRIES] __attribute__((aligned(PAGE_SIZE)));
static char page[PAGE_SIZE] __attribute__((aligned(PAGE_SIZE)));

void command_demo(char **words)
{
    (void)words;
    root[1] = pa_to_pte((uintptr_t)middle, PTE_V);
    middle[0] = pa_to_pte((uintptr_t)low, PTE_V);
    low[0] = pa_to_pte((uintptr_t)page, PTE_RW);
    middle[1] = pa_to_pte(IMAGE_PA, PTE_RX);
    root[2] = pa_to_pte(RAM_PA, PTE_RW);
    maps_root = root;
    printk("maps: demo root %p middle %p low %p page %p\n", (void *)root, (void *)middle,
           (void *)low, (void *)page);
    printk("maps: demo maps %lx (4 KiB), %lx (2 MiB) and %lx (1 GiB)\n", DEMO_VA,
           DEMO_VA + SV39_SPAN(1), RAM_PA);
}
