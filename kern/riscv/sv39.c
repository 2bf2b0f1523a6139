/* Walking Sv39 page tables, and changing what one walk finds.
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
#include "kern/sys/errno.h"

pte_t *sv39_walk(pte_t *root, uintptr_t va, int *level)
{
    pte_t *entry = &root[sv39_index(va, 2)], *table;
    int at = 2;
    while (at > 0 && (table = pte_table(*entry))) {
        at--;
        entry = &table[sv39_index(va, at)];
    }
    *level = at;
    return entry;
}

pte_t *sv39_walk_create(pte_t *root, uintptr_t va, int level, void *(*new_table)(void))
{
    pte_t *table = root;
    for (int above = 2; above > level; above--) {
        pte_t *entry = &table[sv39_index(va, above)];
        if (!*entry) {
            void *fresh = new_table();
            if (!fresh)
                return NULL;
            pte_set(entry, pa_to_pte((uintptr_t)fresh, PTE_V));
        }
        table = pte_table(*entry);
        if (!table)
            return NULL;
    }
    return &table[sv39_index(va, level)];
}

int sv39_map(pte_t *root, uintptr_t va, uintptr_t pa, unsigned long flags, int level,
             void *(*new_table)(void))
{
    int end;
    if (((va | pa) & (SV39_SPAN(level) - 1)) || !sv39_is_address(va))
        return -EINVAL;
    if (*sv39_walk(root, va, &end) || end < level)
        return -EEXIST;
    pte_t *entry = sv39_walk_create(root, va, level, new_table);
    if (!entry)
        return -ENOMEM;
    pte_set(entry, pa_to_pte(pa, flags));
    return 0;
}

/* Puts a table of smaller pages in the place of a superpage. False: no memory for it. */
static bool split(pte_t *entry, int level, void *(*new_table)(void))
{
    pte_t *table = new_table();
    if (!table)
        return false;
    for (size_t i = 0; i < SV39_ENTRIES; i++)
        table[i] = *entry + pa_to_pte(i * SV39_SPAN(level - 1), 0);
    pte_set(entry, pa_to_pte((uintptr_t)table, PTE_V));
    return true;
}

int sv39_protect(pte_t *root, uintptr_t start, uintptr_t end, unsigned long flags,
                 void *(*new_table)(void))
{
    for (uintptr_t va = start, next; va < end; va = next) {
        int level;
        pte_t *entry = sv39_walk(root, va, &level);
        uintptr_t last = va | (SV39_SPAN(level) - 1);
        next = last < end ? last + 1 : end; /* at the top of all addresses last + 1 is 0 */
        if (!*entry)
            continue;
        if (va % SV39_SPAN(level) == 0 && last < end)
            pte_set(entry, (*entry & ~PTE_FLAGS) | flags);
        else if (split(entry, level, new_table))
            next = va; /* once more, with smaller pages */
        else
            return -ENOMEM;
    }
    return 0;
}
