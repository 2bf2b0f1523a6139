/* The kernel's own page table: built once, its top-level entries shared by every address space.
 *
 *     root[2]     -> table of 2 MiB pages; those with text or constants -> 4 KiB pages
 *     root[3..5]  1 GiB pages of RAM, as many as there are
 *     root[510]   -> kernel stacks
 *     root[511]   -> device registers
 *
 * The work is the same whatever the memory size.
 */
#include "kern/mem/kmap.h"
#include "kern/core/boot.h"
#include "kern/core/init.h"
#include "kern/core/panic.h"
#include "kern/core/string.h"
#include "kern/dev/machine.h"
#include "kern/mem/pages.h"
#include "kern/riscv/hart.h"
#include "kern/riscv/sv39.h"
#include "kern/sched/spinlock.h"
#include "kern/sys/errno.h"

#define RAM_GIB_MAX ((RAM_LIMIT - RAM_BASE) / GiB)
#define MEGAPAGE    (2 * MiB)

extern char text_start[], text_end[], rodata_end[];

uint64_t *kmap_root;

static struct spinlock kmap_lock = SPINLOCK_INIT; /* guards mmio_next and its tables */
static uintptr_t mmio_next = MMIO_BASE;

static void *new_table(void)
{
    return page_alloc_zeroed();
}

static pte_t *must_make_table(void)
{
    pte_t *table = new_table();
    if (!table)
        boot_out_of_memory("the kernel's page table");
    return table;
}

static void must(int error)
{
    if (error == -ENOMEM)
        boot_out_of_memory("the kernel's page table");
    if (error)
        panic("the kernel's page table: error %d", error);
}

static void protect_image(const char *start, const char *end, unsigned long flags)
{
    must(sv39_protect(kmap_root, (uintptr_t)start, (uintptr_t)end, flags | PTE_G, new_table));
}

/* The first GiB in 2 MiB pages, whether there is RAM or not: counting it would cost as much. Those in
 * which text or constants lie are split. */
static void map_first_gib(void)
{
    pte_t *table = must_make_table();
    for (size_t i = 0; i < SV39_ENTRIES; i++)
        table[i] = pa_to_pte(RAM_BASE + i * MEGAPAGE, PTE_RW | PTE_G);
    kmap_root[sv39_index(RAM_BASE, 2)] = pa_to_pte((uintptr_t)table, PTE_V);
    protect_image(text_start, text_end, PTE_RX);
    protect_image(text_end, rodata_end, PTE_RO);
}

void kmap_make(void)
{
    kmap_root = must_make_table();
    map_first_gib();
    uintptr_t ram_end = MIN(machine.ram.start + machine.ram.size, RAM_LIMIT);
    for (uintptr_t va = RAM_BASE + GiB; va < ram_end; va += GiB)
        must(sv39_map(kmap_root, va, va, PTE_RW | PTE_G, 2, new_table));
    /* The tables below these entries must exist before any address space copies them. */
    kmap_root[sv39_index(KSTACK_BASE, 2)] = pa_to_pte((uintptr_t)must_make_table(), PTE_V);
    kmap_root[sv39_index(MMIO_BASE, 2)] = pa_to_pte((uintptr_t)must_make_table(), PTE_V);
}

static void kmap_init(void)
{
    kmap_make();
    kernel_satp = SATP_SV39 | (uintptr_t)kmap_root >> PAGE_SHIFT;
    csr_write(satp, kernel_satp);
    sfence_vma_all();
}
INIT_ENTRY(INIT_PAGING, kmap_init);

void kmap_share(uint64_t *root)
{
    INIT_NEEDS(kmap_init);
    INIT_NEEDS(fault_report_init);
    size_t first = sv39_index(RAM_BASE, 2), last = first + RAM_GIB_MAX;
    for (size_t i = first; i < last; i++)
        root[i] = kmap_root[i];
    root[sv39_index(KSTACK_BASE, 2)] = kmap_root[sv39_index(KSTACK_BASE, 2)];
    root[sv39_index(MMIO_BASE, 2)] = kmap_root[sv39_index(MMIO_BASE, 2)];
}

volatile void *mmio_map(uintptr_t pa, size_t len)
{
    if (!kmap_root || csr_read(satp) == 0)
        return (volatile void *)pa; /* not translated yet, or not by us */
    uintptr_t offset = pa % PAGE_SIZE, first = 0;
    spin_lock(&kmap_lock);
    uintptr_t va = mmio_next;
    mmio_next += PAGE_UP(offset + len);
    bool mapped = true;
    for (size_t at = 0; at < offset + len && mapped; at += PAGE_SIZE)
        mapped = !sv39_map(kmap_root, va + at, PAGE_DOWN(pa) + at, PTE_RW | PTE_G, 0, new_table);
    if (mapped)
        first = va + offset;
    spin_unlock(&kmap_lock);
    return (volatile void *)first;
}
