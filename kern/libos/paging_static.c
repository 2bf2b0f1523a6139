/* PAGING=static: one page table for the fused image, made at boot, in the same time for any memory size.
 *
 *     root[2]         -> megapages   the first GiB of RAM in 2 MiB pages
 *                          [0 ..]    -> image_tables: those that hold the image in 4 KiB pages
 *     root[3 .. 5]    the next GiBs of RAM, 1 GiB each
 *     root[256, 257]  device registers, the 2 GiB below RAM (mmio_map)
 *     all other       nothing: address 0, and whatever else a bad pointer is likely to hold
 *
 * Text can be read and executed, constants can be read, all else read and written. Below each stack
 * lies a page that is not mapped; so is the firmware. The table is written into satp once. Later only
 * protections change (mprotect, stacks of kernel threads): then a larger page is split on the way.
 */
#include "kern/core/init.h"
#include "kern/core/string.h"
#include "kern/libos/paging.h"
#include "kern/mem/kmap.h"
#include "kern/mem/pages.h"
#include "kern/riscv/sv39.h"
#include "kern/sched/spinlock.h"
#include "kern/sys/abi.h"

#define MMIO_WINDOW 0xffffffc000000000UL /* root[256]: the lowest of the upper half */
#define MEGAPAGE    SV39_SPAN(1)
#define DATA        (PTE_RW | PTE_G)

extern char text_start[], text_end[], rodata_end[], main_guard[], boot_guard[];
extern char emergency_stacks[HARTS][EMERGENCY_STACK_STRIDE]; /* a guard page, then the stack */

/* From libos.ld: two tables, then as many as the image needs. */
typedef pte_t table_t[SV39_ENTRIES];
extern table_t page_tables[], page_tables_end[];
#define root         page_tables[0]
#define megapages    page_tables[1]
#define image_tables (&page_tables[2])

static struct spinlock lock = SPINLOCK_INIT; /* guards splitting pages */

uint64_t *kmap_root;
unsigned long kstack_generation;

/* --- start-up --- */

/* Entries for what follows `va`, `span` bytes each, up to `end`. */
static __attribute__((noinline)) void fill(pte_t *entry, const pte_t *end, uintptr_t va,
                                           uintptr_t span, pte_t flags)
{
    for (pte_t pte = pa_to_pte(va, flags); entry < end; pte += pa_to_pte(span, 0))
        *entry++ = pte;
}

static __attribute__((noinline)) void map_pages(const char *start, const char *end, pte_t flags)
{
    pte_t *entries = image_tables[0];
    size_t first = ((uintptr_t)start - RAM_BASE) / PAGE_SIZE;
    size_t behind = ((uintptr_t)end - RAM_BASE) / PAGE_SIZE;
    fill(entries + first, entries + behind, (uintptr_t)start, PAGE_SIZE, flags);
}

/* All that lies in the 2 MiB pages of the image, from the start of RAM, where the firmware is, on. */
static void map_image(size_t ntables)
{
    map_pages(text_start, text_end, PTE_RX | PTE_G);
    map_pages(text_end, rodata_end, PTE_RO | PTE_G);
    map_pages(rodata_end, (const char *)(RAM_BASE + ntables * MEGAPAGE), DATA);
    map_pages((const char *)RAM_BASE, text_start, 0);
    map_pages(main_guard, main_guard + GUARD_SIZE, 0);
    map_pages(boot_guard, boot_guard + GUARD_SIZE, 0);
    for (size_t i = 0; i < HARTS; i++)
        map_pages(emergency_stacks[i], emergency_stacks[i] + GUARD_SIZE, 0);
}

static void paging_init(void)
{
    size_t ntables = page_tables_end - image_tables;
    map_image(ntables);
    fill(megapages, megapages + SV39_ENTRIES, RAM_BASE, MEGAPAGE, DATA);
    fill(megapages, megapages + ntables, (uintptr_t)image_tables[0], PAGE_SIZE, PTE_V);
    memset(root, 0, sizeof(root));
    pte_t *ram = &root[sv39_index(RAM_BASE, 2)], *devices = &root[sv39_index(MMIO_WINDOW, 2)];
    fill(ram, ram + (RAM_LIMIT - RAM_BASE) / GiB, RAM_BASE, GiB, DATA);
    fill(devices, devices + RAM_BASE / GiB, 0, GiB, DATA);
    *ram = pa_to_pte((uintptr_t)megapages, PTE_V);
    kmap_root = root;
    kernel_satp = SATP_SV39 | (uintptr_t)root >> PAGE_SHIFT;
    sfence_vma_all();
    csr_write(satp, kernel_satp);
    sfence_vma_all();
}
INIT_ENTRY(INIT_PAGING, paging_init);

volatile void *mmio_map(uintptr_t pa, size_t len)
{
    INIT_NEEDS(paging_init);
    if (csr_read(satp) == 0)
        return (volatile void *)pa;
    return pa + len <= RAM_BASE ? (volatile void *)(MMIO_WINDOW + pa) : NULL;
}

/* --- protection --- */

bool paging_is_writable(uintptr_t va)
{
    int level;
    return *sv39_walk(root, va, &level) & PTE_W;
}

static pte_t flags_of(int prot)
{
    pte_t flags = 0;
    if (prot & PROT_WRITE) /* there is no write without read */
        flags = DATA;
    else if (prot & PROT_READ)
        flags = PTE_RO | PTE_G;
    if (prot & PROT_EXEC)
        flags |= PTE_RX | PTE_G;
    return flags;
}

/* The same as paging_protect(), on this hart; others may still do what they could before. */
static bool protect_here(uintptr_t start, uintptr_t end, int prot)
{
    spin_lock(&lock);
    int error = sv39_protect(root, start, end, flags_of(prot), page_alloc);
    spin_unlock(&lock);
    sfence_vma_all();
    return !error;
}

bool paging_protect(uintptr_t start, uintptr_t end, int prot)
{
    bool done = protect_here(start, end, prot);
    if (HARTS > 1)
        harts_sfence(~0UL, start, end - start);
    return done;
}

/* --- stacks of kernel threads: a guard page, then the stack --- *
 *
 * Nobody waits for other harts to see a new guard page: until then they could only write there where
 * nobody has business, and a hart that runs the thread has seen it when it switched to it
 * (kstack_sync). When the page is given back everybody must forget: what a hart remembers of a guard
 * would be a fault in whoever gets the page next. */

uintptr_t kstack_alloc(void)
{
    uintptr_t guard = (uintptr_t)pages_alloc((PAGE_SIZE + KSTACK_SIZE) / PAGE_SIZE);
    if (!guard)
        return 0;
    if (!protect_here(guard, guard + PAGE_SIZE, PROT_NONE)) {
        pages_free((void *)guard, (PAGE_SIZE + KSTACK_SIZE) / PAGE_SIZE);
        return 0;
    }
    __atomic_fetch_add(&kstack_generation, 1, __ATOMIC_RELEASE);
    return guard + PAGE_SIZE;
}

void kstack_free(uintptr_t stack_lo)
{
    uintptr_t guard = stack_lo - PAGE_SIZE;
    paging_protect(guard, stack_lo, PROT_READ | PROT_WRITE);
    pages_free((void *)guard, (PAGE_SIZE + KSTACK_SIZE) / PAGE_SIZE);
}

void kstack_catch_up(unsigned long newest)
{
    this_hart()->kstack_generation = newest;
    sfence_vma_all();
}
