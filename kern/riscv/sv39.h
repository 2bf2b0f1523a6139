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
#define PTE_FLAGS    0x3ffUL /* all that is not the address */

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

/* Bits 63..39 of an address of Sv39 are all like bit 38. */
static inline bool sv39_is_address(uintptr_t va)
{
    return (intptr_t)(va << 25) >> 25 == (intptr_t)va;
}

/* Writes an entry after everything the page or table behind it must hold, as other harts see it. */
static inline void pte_set(pte_t *entry, pte_t value)
{
    __atomic_store_n(entry, value, __ATOMIC_RELEASE);
}

/* The table that a pointer entry leads to; NULL: the entry is empty, or a leaf. */
static inline pte_t *pte_table(pte_t pte)
{
    return (pte & PTE_V) && !pte_is_leaf(pte) ? (pte_t *)pte_to_pa(pte) : NULL;
}

/* --- sv39.c: one entry --- */

/* The entry at which the walk of va ends, and its level: a leaf, an entry that is not valid, or at
 * level 0 whatever is there. Never NULL. */
pte_t *sv39_walk(pte_t *root, uintptr_t va, int *level);

/* The entry of va at `level`, making missing tables from zeroed pages that `new_table` gives. NULL: out
 * of memory, or a larger leaf is in the way, or an entry that is not valid but not zero. */
pte_t *sv39_walk_create(pte_t *root, uintptr_t va, int level, void *(*new_table)(void));

/* Makes the page (level 0) or superpage at va a mapping of pa. -EINVAL: va or pa is not a multiple of
 * its size, or va is no Sv39 address; -EEXIST: something stands there or in the way, if only a table
 * of smaller pages; -ENOMEM. After an error nothing is mapped that was not before. */
int sv39_map(pte_t *root, uintptr_t va, uintptr_t pa, unsigned long flags, int level,
             void *(*new_table)(void));

/* Gives all pages in [start, end) these flags; their addresses stay, and so does what is empty. A
 * superpage that reaches over an end of the range is split first. -ENOMEM: there was no memory for that;
 * pages before it are changed. The caller makes harts forget what they remember. */
int sv39_protect(pte_t *root, uintptr_t start, uintptr_t end, unsigned long flags,
                 void *(*new_table)(void));

/* --- sv39_range.c: taking away the 4 KiB pages of a range, and their tables --- */

/* To whom pages and tables belong. */
struct sv39_owner {
    void *space; /* for `forget` */
    /* Makes every hart that uses the space drop what it remembers of [va, va + len). */
    void (*forget)(void *space, uintptr_t va, size_t len);
    void (*release)(void *page); /* takes back a page, or a table */
};

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

/* Unmaps [start, end) and returns the number of pages that were there, valid or not. A page is released
 * only when no hart can reach it any more. */
size_t sv39_unmap(pte_t *root, uintptr_t start, uintptr_t end, const struct sv39_owner *owner);

/* The last step of that alone: releases the pages of [start, end) and clears their entries. */
void sv39_release(pte_t *root, uintptr_t start, uintptr_t end, void (*release)(void *page));

/* Frees the level-0 tables of [start, end), 2 MiB aligned, in which no page is left; returns how many
 * there were. */
size_t sv39_drop_tables(pte_t *root, uintptr_t start, uintptr_t end,
                        const struct sv39_owner *owner);

/* Takes the level-0 table of va out of the tree. NULL: there is none. */
pte_t *sv39_unlink_table(pte_t *root, uintptr_t va);

/* --- sv39_fault.c --- */

#define SV39_NO_WALK 3 /* the level of a walk that never begins: the address is none of Sv39 */

/* Why an access faults. */
struct sv39_fault {
    int level;             /* at which the walk ends */
    pte_t entry;           /* what stands there */
    unsigned long lacks;   /* what it would need, PTE_* */
    unsigned long forbids; /* what it has and must not have */
};

/* Explains the page fault `cause` at va, in user mode or in the kernel. With nothing lacking and nothing
 * forbidden the table allows the access now: the hart remembered something older. */
void sv39_explain(pte_t *root, uintptr_t va, unsigned long cause, bool user,
                  struct sv39_fault *fault);
