/* The pages and tables of an address space, a range at a time.
 *
 * How a page or a table is taken away while harts may still use it: kern/riscv/sv39_range.c.
 */
#include "kern/mem/vmspace_impl.h"
#include "kern/riscv/hart.h"
#include "kern/sys/errno.h"

#define TOP_ENTRIES (USER_END / SV39_SPAN(2)) /* entries of the root that are the process's */

static void forget(void *space, uintptr_t va, size_t len)
{
    vmspace_flush(space, va, len);
}

static struct sv39_owner owner_of(struct vmspace *space)
{
    return (struct sv39_owner){.space = space, .forget = forget, .release = page_free};
}

void vmspace_drop_pages(struct vmspace *space, uintptr_t start, uintptr_t end)
{
    struct sv39_owner owner = owner_of(space);
    space->resident -= sv39_unmap(space->root, start, end, &owner);
}

void vmspace_drop_tables(struct vmspace *space, uintptr_t start, uintptr_t end)
{
    struct sv39_owner owner = owner_of(space);
    sv39_drop_tables(space->root, start, end, &owner);
}

/* Frees the tables of an area; another area in the same table finds it gone already. */
static void free_tables(pte_t *root, uintptr_t start, uintptr_t end)
{
    for (uintptr_t va = ALIGN_DOWN(start, TABLE_SPAN); va < end; va += TABLE_SPAN) {
        pte_t *table = sv39_unlink_table(root, va);
        if (table)
            page_free(table);
    }
}

/* Harts may keep the root table in satp for a while. The process's entries are moved out of it before
 * anything is freed; the few that they are make a root table of their own for our walks. */
void vmspace_drop_all(struct vmspace *space)
{
    pte_t top[TOP_ENTRIES];
    for (size_t i = 0; i < TOP_ENTRIES; i++) {
        top[i] = space->root[i];
        space->root[i] = 0;
    }
    vmspace_flush(space, USER_BASE, USER_END - USER_BASE);

    struct vm_area *area;
    list_for_each(area, &space->areas, node) {
        sv39_release(top, area->start, area->end, page_free);
    }
    list_for_each(area, &space->areas, node) {
        free_tables(top, area->start, area->end);
    }
    for (size_t i = 0; i < TOP_ENTRIES; i++)
        if (top[i])
            page_free((void *)pte_to_pa(top[i]));
}

/* A page that becomes writable is taken for one with other owners: the next write finds out. */
static pte_t protected_entry(pte_t before, unsigned flags)
{
    pte_t after = vmspace_leaf(pte_to_pa(before), flags);
    if ((after & PTE_W) && !(before & PTE_W) && !(flags & VM_SHARED))
        after = (after & ~PTE_W) | PTE_COW;
    return after;
}

bool vmspace_protect_pages(struct vmspace *space, uintptr_t start, uintptr_t end, unsigned flags)
{
    bool changed = false;
    struct sv39_run run;
    while (sv39_next_run(space->root, &start, end, &run))
        for (size_t i = 0; i < run.n; i++)
            if (run.entries[i]) {
                run.entries[i] = protected_entry(run.entries[i], flags);
                changed = true;
            }
    return changed;
}

/* From now on both spaces own the page; who of them writes first gets a copy. */
static pte_t share_entry(pte_t *entry, unsigned flags, bool *changed)
{
    if ((*entry & PTE_W) && !(flags & VM_SHARED)) {
        *entry = (*entry & ~PTE_W) | PTE_COW;
        *changed = true;
    }
    page_ref((void *)pte_to_pa(*entry));
    return *entry;
}

int vmspace_share_pages(struct vmspace *child, struct vmspace *parent, const struct vm_area *area,
                        bool *changed)
{
    uintptr_t va = area->start;
    struct sv39_run run;
    while (sv39_next_run(parent->root, &va, area->end, &run)) {
        pte_t *copies = NULL; /* the child gets a table only when there is something for it */
        for (size_t i = 0; i < run.n; i++) {
            if (!run.entries[i])
                continue;
            if (!copies)
                copies = sv39_walk_create(child->root, run.va, 0, page_alloc_zeroed);
            if (!copies)
                return -ENOMEM;
            copies[i] = share_entry(&run.entries[i], area->flags, changed);
            child->resident++;
        }
    }
    return 0;
}
