/* Taking mappings away: the 4 KiB pages of a range, and the tables that served them.
 *
 * A page may be given to somebody else only when no hart can reach it any more, and harts remember
 * translations. So there are three steps, and their order is all:
 *
 *     the table         page | V        page | -         page | -            0
 *     the harts         remember        remember         have forgotten      have forgotten
 *     the page          ours            ours             ours                somebody else's
 *                               1 hide           2 forget         3 release
 *
 * From the first step on no hart learns the translation anew, and none knows it after the second. The
 * address stays in the entry, for the third. The same goes for tables: a hart that has not heard yet
 * may still walk through one.
 */
#include "kern/riscv/sv39.h"

/* Where the next entry of this level begins, but not beyond end: above the last one there is nothing. */
static uintptr_t behind(uintptr_t va, int level, uintptr_t end)
{
    uintptr_t last = va | (SV39_SPAN(level) - 1);
    return last < end ? last + 1 : end;
}

bool sv39_next_run(pte_t *root, uintptr_t *va, uintptr_t end, struct sv39_run *run)
{
    while (*va < end) {
        uintptr_t from = *va;
        pte_t *level1 = pte_table(root[sv39_index(from, 2)]);
        if (!level1) {
            *va = behind(from, 2, end);
            continue;
        }
        *va = behind(from, 1, end);
        pte_t *leaves = pte_table(level1[sv39_index(from, 1)]);
        if (leaves) {
            run->entries = &leaves[sv39_index(from, 0)];
            run->n = (*va - from) >> 12;
            run->va = from;
            return true;
        }
    }
    return false;
}

void sv39_release(pte_t *root, uintptr_t start, uintptr_t end, void (*release)(void *page))
{
    struct sv39_run run;
    while (sv39_next_run(root, &start, end, &run))
        for (size_t i = 0; i < run.n; i++)
            if (run.entries[i]) {
                release((void *)pte_to_pa(run.entries[i]));
                run.entries[i] = 0;
            }
}

size_t sv39_unmap(pte_t *root, uintptr_t start, uintptr_t end, const struct sv39_owner *owner)
{
    size_t npages = 0;
    uintptr_t va = start;
    struct sv39_run run;
    while (sv39_next_run(root, &va, end, &run))
        for (size_t i = 0; i < run.n; i++)
            if (run.entries[i]) {
                run.entries[i] &= ~PTE_V;
                npages++;
            }
    if (npages == 0)
        return 0;
    owner->forget(owner->space, start, end - start);
    sv39_release(root, start, end, owner->release);
    return npages;
}

pte_t *sv39_unlink_table(pte_t *root, uintptr_t va)
{
    pte_t *level1 = pte_table(root[sv39_index(va, 2)]);
    if (!level1)
        return NULL;
    pte_t *entry = &level1[sv39_index(va, 1)];
    pte_t *table = pte_table(*entry);
    if (table)
        *entry = 0;
    return table;
}

size_t sv39_drop_tables(pte_t *root, uintptr_t start, uintptr_t end, const struct sv39_owner *owner)
{
    /* A hart that has not heard yet must find invalid entries in an unlinked table, and does: they are
     * all zero but the first, which links the tables to be freed, and has a clear V bit because a
     * table's address is a multiple of 4096. */
    pte_t *unlinked = NULL;
    size_t ntables = 0;
    for (uintptr_t va = start; va < end; va += SV39_SPAN(1)) {
        pte_t *table = sv39_unlink_table(root, va);
        if (table) {
            *table = (uintptr_t)unlinked;
            unlinked = table;
            ntables++;
        }
    }
    if (unlinked)
        owner->forget(owner->space, start, end - start);
    while (unlinked) {
        pte_t *table = unlinked;
        unlinked = (pte_t *)*table;
        owner->release(table);
    }
    return ntables;
}
