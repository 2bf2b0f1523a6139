/* Kernel stacks: slots in a window of their own, each with an unmapped page below.
 *
 *     | guard | stack  stack  stack | guard | stack  stack  stack | ...
 *
 * A stack that overflows touches the guard page and is reported; it never eats its neighbour.
 *
 * Free slots are a list that lives in the page table itself: the entry of a guard page is never valid,
 * and the hardware ignores the other bits of an invalid entry, so there the next free slot is noted.
 *
 * Freeing a stack unmaps it, but other harts may go on remembering its pages, and would use them were
 * the slot mapped again: not only to run on that stack, but also to wake its thread, for what a thread
 * waits with lies on its stack. So a freed slot retires. When enough of them have, all harts are told
 * to drop what they remember, once for all these slots, and they are free again.
 *
 * A slot that is newly mapped may be remembered as empty. A generation number goes up with each, and a
 * hart that is behind drops its translations when it switches threads (kstack_sync).
 */
#include "kern/core/init.h"
#include "kern/mem/kmap.h"
#include "kern/mem/pages.h"
#include "kern/riscv/hart.h"
#include "kern/riscv/sv39.h"
#include "kern/sched/spinlock.h"

#define SLOT_SIZE   (KSTACK_SIZE + PAGE_SIZE)
#define SLOTS       (GiB / SLOT_SIZE)
#define STACK_PAGES (KSTACK_SIZE / PAGE_SIZE)
#define RETIRED_MAX 16 /* from then on telling all harts is worth it */

_Static_assert(GiB % SLOT_SIZE == 0 && (2 * MiB) % SLOT_SIZE == 0, "slots do not cross tables");

unsigned long kstack_generation; /* written under kstack_lock, read without */

static struct spinlock kstack_lock = SPINLOCK_INIT; /* guards all below and the window's tables */
static size_t slots_used;                           /* slots from here on were never mapped */
static size_t first_free;                           /* number of a free slot + 1; 0: none */
static size_t first_retired, nretired;              /* the same for slots that may be remembered */

static uintptr_t slot_va(size_t slot)
{
    return KSTACK_BASE + slot * SLOT_SIZE;
}

/* Four entries: the guard page's and the stack's. NULL: no memory for a table. */
static pte_t *slot_entries(size_t slot)
{
    return sv39_walk_create(kmap_root, slot_va(slot), 0, page_alloc_zeroed);
}

static void retire(size_t slot, pte_t *guard)
{
    *guard = first_retired << 1; /* bit 0, "valid", stays clear */
    first_retired = slot + 1;
    nretired++;
}

/* Lock held. From here on no hart remembers a retired slot: they are free. */
static void free_retired(void)
{
    sfence_vma_all();
    harts_sfence(UINT64_MAX, KSTACK_BASE, SLOTS * SLOT_SIZE);
    first_free = first_retired;
    first_retired = nretired = 0;
}

/* A slot with its entries, lock held. False: none left. */
static bool slot_take(size_t *slot, pte_t **entries)
{
    if (first_free == 0 && (nretired >= RETIRED_MAX || (nretired > 0 && slots_used == SLOTS)))
        free_retired();
    bool reused = first_free != 0;
    *slot = reused ? first_free - 1 : slots_used;
    if (*slot >= SLOTS || !(*entries = slot_entries(*slot)))
        return false;
    if (reused)
        first_free = **entries >> 1;
    else
        slots_used++;
    **entries = 0;
    return true;
}

uintptr_t kstack_alloc(void)
{
    INIT_NEEDS(kmap_init);
    char *pages = pages_alloc(STACK_PAGES);
    if (!pages)
        return 0;
    size_t slot;
    pte_t *entries;
    spin_lock(&kstack_lock);
    bool taken = slot_take(&slot, &entries);
    for (size_t i = 0; taken && i < STACK_PAGES; i++)
        pte_set(&entries[1 + i], pa_to_pte((uintptr_t)pages + i * PAGE_SIZE, PTE_RW | PTE_G));
    __atomic_fetch_add(&kstack_generation, 1, __ATOMIC_RELEASE);
    kstack_sync(this_hart()); /* the caller may write to the stack right away */
    spin_unlock(&kstack_lock);
    if (!taken) {
        pages_free(pages, STACK_PAGES);
        return 0;
    }
    return slot_va(slot) + PAGE_SIZE;
}

void kstack_free(uintptr_t stack_lo)
{
    size_t slot = (stack_lo - KSTACK_BASE) / SLOT_SIZE;
    spin_lock(&kstack_lock);
    pte_t *entries = slot_entries(slot);
    char *pages = (char *)pte_to_pa(entries[1]);
    for (size_t i = 0; i < STACK_PAGES; i++)
        entries[1 + i] = 0;
    retire(slot, entries);
    spin_unlock(&kstack_lock);
    pages_free(pages, STACK_PAGES);
}

void kstack_catch_up(unsigned long newest)
{
    this_hart()->kstack_generation = newest;
    sfence_vma_all();
}
