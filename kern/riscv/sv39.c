/* Walking Sv39 page tables.
 *
 *     satp --> root table        level 1 table      level 0 table       page
 *             +-----------+     +-----------+      +-----------+      +------+
 *             |           |     |           |  +-->| leaf   ------+-->|      |
 *     VPN[2]->| pointer  -----> |           |  |   |           |  |   |      |
 *             |           |     | pointer  ----+   |           |      +------+
 *             +-----------+     +-----------+      +-----------+
 *                          VPN[1]-^           VPN[0]-^
 *
 * An entry that is valid and has none of R, W and X points at a table of the next level; with any of
 * them it is a leaf. The hardware makes the same walk whenever a translation is not in its cache.
 */
#include "kern/riscv/sv39.h"

/* The table that a pointer entry leads to; NULL: the entry is empty, or a leaf. */
static pte_t *next_table(pte_t pte)
{
    return (pte & PTE_V) && !pte_is_leaf(pte) ? (pte_t *)pte_to_pa(pte) : NULL;
}

pte_t *sv39_walk(pte_t *root, uintptr_t va)
{
    pte_t *table = root;
    for (int level = 2; level > 0 && table; level--)
        table = next_table(table[sv39_index(va, level)]);
    return table ? &table[sv39_index(va, 0)] : NULL;
}

/* The entry of va at `level`, with the tables that lead there. */
static pte_t *walk_create_to(pte_t *root, uintptr_t va, int level, void *(*new_table)(void))
{
    pte_t *table = root;
    for (int above = 2; above > level; above--) {
        pte_t *entry = &table[sv39_index(va, above)];
        if (!(*entry & PTE_V)) {
            void *fresh = new_table();
            if (!fresh)
                return NULL;
            pte_set(entry, pa_to_pte((uintptr_t)fresh, PTE_V));
        }
        table = next_table(*entry);
        if (!table)
            return NULL;
    }
    return &table[sv39_index(va, level)];
}

pte_t *sv39_walk_create(pte_t *root, uintptr_t va, void *(*new_table)(void))
{
    return walk_create_to(root, va, 0, new_table);
}

bool sv39_map(pte_t *root, uintptr_t va, uintptr_t pa, unsigned long flags, int level,
              void *(*new_table)(void))
{
    pte_t *entry = walk_create_to(root, va, level, new_table);
    if (!entry || (level > 0 && next_table(*entry)))
        return false;
    pte_set(entry, pa_to_pte(pa, flags));
    return true;
}

bool sv39_next_run(pte_t *root, uintptr_t *va, uintptr_t end, struct sv39_run *run)
{
    while (*va < end) {
        uintptr_t from = *va;
        pte_t *level1 = next_table(root[sv39_index(from, 2)]);
        if (!level1) {
            *va = ALIGN_DOWN(from, SV39_SPAN(2)) + SV39_SPAN(2);
            continue;
        }
        *va = ALIGN_DOWN(from, SV39_SPAN(1)) + SV39_SPAN(1);
        pte_t *leaves = next_table(level1[sv39_index(from, 1)]);
        if (leaves) {
            run->entries = &leaves[sv39_index(from, 0)];
            run->n = (MIN(*va, end) - from) >> 12;
            run->va = from;
            return true;
        }
    }
    return false;
}
