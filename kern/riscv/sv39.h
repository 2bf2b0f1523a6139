/* Sv39 page tables (privileged specification, 4.4): three levels of 512 entries, 39-bit addresses.
 *
 *      38       30 29       21 20       12 11          0
 *     +-----------+-----------+-----------+-------------+
 *     |  VPN[2]   |  VPN[1]   |  VPN[0]   | page offset |
 *     +-----------+-----------+-----------+-------------+
 *        1 GiB        2 MiB       4 KiB      a leaf may stand at each level
 *
 * Bits 63..39 of an address must equal bit 38. Physical memory is mapped where it is, so a table's
 * physical address is also its kernel address.
 */
#pragma once
#include "kern/core/util.h"

typedef uint64_t pte_t;

#define PTE_V   (1UL << 0)
#define PTE_R   (1UL << 1)
#define PTE_W   (1UL << 2)
#define PTE_X   (1UL << 3)
#define PTE_U   (1UL << 4)
#define PTE_G   (1UL << 5)
#define PTE_A   (1UL << 6)
#define PTE_D   (1UL << 7)
#define PTE_COW (1UL << 8) /* ours (RSW): write-protected only because the page may be shared */

#define PTE_RW (PTE_V | PTE_R | PTE_W | PTE_A | PTE_D)
#define PTE_RX (PTE_V | PTE_R | PTE_X | PTE_A)
#define PTE_RO (PTE_V | PTE_R | PTE_A)

#define SV39_ENTRIES 512
#define SATP_SV39    (8UL << 60)

/* The bytes that one entry of a table of this level stands for. */
#define SV39_SPAN(level) (1UL << (12 + 9 * (level)))

static inline size_t sv39_index(uintptr_t va, int level)
{
    return (va >> (12 + 9 * level)) & (SV39_ENTRIES - 1);
}

static inline uintptr_t pte_to_pa(pte_t pte)
{
    return (pte >> 10) << 12;
}

static inline pte_t pa_to_pte(uintptr_t pa, unsigned long flags)
{
    return (pa >> 12) << 10 | flags;
}

static inline bool pte_is_leaf(pte_t pte)
{
    return pte & (PTE_R | PTE_W | PTE_X);
}

/* Writes an entry after everything the page or table behind it must hold, as other harts see it. */
static inline void pte_set(pte_t *entry, pte_t value)
{
    __atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

/* The level-0 entry of va, or NULL when no table leads there or a superpage covers it. */
pte_t *sv39_walk(pte_t *root, uintptr_t va);

/* The same, making missing tables from zeroed pages that `new_table` gives. NULL: out of memory. */
pte_t *sv39_walk_create(pte_t *root, uintptr_t va, void *(*new_table)(void));

/* Sets the entry for the page or superpage of `level` at va. False: no memory for a table, or a larger
 * leaf, or a table of smaller ones, is in the way. */
bool sv39_map(pte_t *root, uintptr_t va, uintptr_t pa, unsigned long flags, int level,
              void *(*new_table)(void));

/* To visit the level-0 entries of [va, end) without looking at what has no tables:
 *
 *     struct sv39_run run;
 *     while (sv39_next_run(root, &va, end, &run))
 *         ... run.entries[0 .. run.n - 1], the first of which is that of run.va
 *
 * A run ends with its table; va moves behind it. */
struct sv39_run {
    pte_t *entries;
    size_t n;
    uintptr_t va;
};

bool sv39_next_run(pte_t *root, uintptr_t *va, uintptr_t end, struct sv39_run *run);
