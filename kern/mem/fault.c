/* One page of an address space: made when it is first touched, copied when it is first written.
 *
 * The page table is only ever behind the areas: an entry grants at most what its area allows, often
 * less. So a fault is an error if the area says so, and else an entry that has to catch up:
 *
 *     no entry      -> a page of zeros
 *     COW, write    -> the page itself if nobody else owns it any more, else a copy
 *     neither       -> nothing to do: another thread was faster, or this hart remembers the entry
 *                      as it was before
 */
#include "kern/core/string.h"
#include "kern/mem/vmspace_impl.h"
#include "kern/sys/errno.h"

/* Makes the write-protected page of `entry` this space's own. While we hold the lock nobody can make
 * one owner into two: that takes a fork of this space. Two owners may become one under our eyes; then
 * we make a copy for nothing, no more. */
static bool break_cow(struct vmspace *space, pte_t *entry, uintptr_t va, unsigned flags)
{
    void *page = (void *)pte_to_pa(*entry);
    if (page_refs(page) == 1) {
        pte_set(entry, vmspace_leaf((uintptr_t)page, flags));
        return true;
    }
    void *copy = page_alloc();
    if (!copy)
        return false;
    memcpy(copy, page, PAGE_SIZE);
    pte_set(entry, vmspace_leaf((uintptr_t)copy, flags));
    vmspace_flush(space, va, PAGE_SIZE); /* other threads must not go on reading the old page */
    page_free(page);
    return true;
}

static bool make_page(struct vmspace *space, pte_t *entry, unsigned flags)
{
    void *page = page_alloc_zeroed();
    if (!page)
        return false;
    pte_set(entry, vmspace_leaf((uintptr_t)page, flags));
    space->resident++;
    return true;
}

/* The area allows the access, the entry does not yet. */
static void *resolve(struct vmspace *space, uintptr_t va, unsigned want, unsigned flags)
{
    pte_t *entry = sv39_walk_create(space->root, va, 0, page_alloc_zeroed);
    if (!entry)
        return NULL;
    if (!*entry && !make_page(space, entry, flags))
        return NULL;
    if ((want & VM_WRITE) && (*entry & PTE_COW) && !break_cow(space, entry, va, flags))
        return NULL;
    return (void *)pte_to_pa(*entry);
}

void *vmspace_page(struct vmspace *space, uintptr_t va, unsigned want, int *error)
{
    int level;
    *error = -EFAULT;
    if (va >= USER_END)
        return NULL;
    pte_t entry = *sv39_walk(space->root, va, &level);
    pte_t needed = PTE_V | PTE_U | want << 1;
    if ((entry & needed) == needed)
        return (void *)pte_to_pa(entry);

    struct vm_area *area = vmspace_find_area(space, va);
    if (!area || va < area->start || (want & ~area->flags))
        return NULL;
    *error = -ENOMEM;
    return resolve(space, va, want, area->flags);
}

void *vmspace_fresh_page(struct vmspace *space, uintptr_t va)
{
    struct vm_area *area = vmspace_find_area(space, va);
    pte_t *entry = sv39_walk_create(space->root, va, 0, page_alloc_zeroed);
    void *page = entry ? page_alloc() : NULL;
    if (!page)
        return NULL;
    *entry = vmspace_leaf((uintptr_t)page, area->flags);
    space->resident++;
    return page;
}

bool vmspace_fault(struct vmspace *space, uintptr_t va, unsigned want, int *error)
{
    mutex_lock(&space->lock);
    bool resolved = vmspace_page(space, va, want, error) != NULL;
    mutex_unlock(&space->lock);
    /* The hart may remember the entry as invalid or write-protected, whether we changed it just now or
     * another hart did, which is not told. Should this thread move to yet another hart, the worst
     * is one more fault, which ends here. */
    if (resolved)
        sfence_vma_page(va);
    return resolved;
}
