/* The areas of an address space: what may be where.
 *
 *     |  text R-X  |data RW-|          | heap RW- |     hole     |  stack RW-  |
 *     +------------+--------+          +----------+              +-------------+
 *
 * A list by address. Operations on a range first split the areas at its ends, so that from then on
 * they deal with whole areas; neighbours that are alike afterwards are joined again.
 */
#include "kern/alloc/kmalloc.h"
#include "kern/mem/vmspace_impl.h"
#include "kern/sys/errno.h"

static struct vm_area *area_of(struct list_node *node)
{
    return list_entry(node, struct vm_area, node);
}

struct vm_area *vmspace_find_area(struct vmspace *space, uintptr_t va)
{
    struct vm_area *area;
    list_for_each(area, &space->areas, node) {
        if (va < area->end)
            return area;
    }
    return NULL;
}

bool vmspace_is_free(struct vmspace *space, uintptr_t start, size_t len)
{
    struct vm_area *area = vmspace_find_area(space, start);
    return !area || area->start >= start + len;
}

/* The node of the first area that ends above va, or the list's head. */
static struct list_node *first_node(struct vmspace *space, uintptr_t va)
{
    struct vm_area *area = vmspace_find_area(space, va);
    return area ? &area->node : &space->areas;
}

static bool insert_area(struct list_node *after, uintptr_t start, uintptr_t end, unsigned flags)
{
    struct vm_area *area = kmalloc(sizeof(*area));
    if (!area)
        return false;
    area->start = start;
    area->end = end;
    area->flags = flags;
    list_insert_after(after, &area->node);
    return true;
}

static void remove_area(struct vm_area *area)
{
    list_remove(&area->node);
    kfree(area);
}

/* Joins areas that are alike, from the one before `start` to the one after `end`. */
static void join_areas(struct vmspace *space, uintptr_t start, uintptr_t end)
{
    struct list_node *node = first_node(space, start - 1);
    while (node != &space->areas && node->next != &space->areas) {
        struct vm_area *area = area_of(node), *next = area_of(node->next);
        if (area->end > end)
            return;
        if (area->end == next->start && area->flags == next->flags) {
            area->end = next->end;
            remove_area(next);
        } else {
            node = node->next;
        }
    }
}

/* Makes sure that no area reaches over va. */
static bool split_area(struct vmspace *space, uintptr_t va)
{
    struct vm_area *area = vmspace_find_area(space, va);
    if (!area || area->start >= va)
        return true;
    if (!insert_area(&area->node, va, area->end, area->flags))
        return false;
    area->end = va;
    return true;
}

/* Makes areas begin and end at the ends of the range. False: no memory, nothing changed. */
static bool split_range(struct vmspace *space, uintptr_t start, uintptr_t end)
{
    if (split_area(space, start) && split_area(space, end))
        return true;
    join_areas(space, start, end);
    return false;
}

/* Gives every page of a new shared area its memory: after a fork it would be too late. */
static int populate(struct vmspace *space, uintptr_t start, uintptr_t end)
{
    int error = -ENOMEM;
    if ((end - start) / PAGE_SIZE > pages_available())
        return error;
    for (uintptr_t va = start; va < end; va += PAGE_SIZE)
        if (!vmspace_page(space, va, 0, &error))
            return error;
    return 0;
}

int vmspace_map(struct vmspace *space, uintptr_t start, size_t len, unsigned flags)
{
    uintptr_t end = start + len;
    if (!vmspace_is_free(space, start, len))
        return -EEXIST;
    if (flags & VM_WRITE)
        flags |= VM_READ;

    struct list_node *before = first_node(space, start)->prev;
    if (!(flags & VM_SHARED) && before != &space->areas && area_of(before)->end == start &&
        area_of(before)->flags == flags)
        area_of(before)->end = end;
    else if (!insert_area(before, start, end, flags))
        return -ENOMEM;

    int error = flags & VM_SHARED ? populate(space, start, end) : 0;
    if (error)
        vmspace_unmap(space, start, len); /* exactly one area, so this cannot fail */
    else
        join_areas(space, start, end);
    return error;
}

/* Frees the tables that served only the range, in which there is no area any more. */
static void drop_unused_tables(struct vmspace *space, uintptr_t start, uintptr_t end)
{
    struct list_node *next = first_node(space, start), *before = next->prev;
    uintptr_t floor = before == &space->areas ? 0 : area_of(before)->end;
    uintptr_t ceiling = next == &space->areas ? USER_END : area_of(next)->start;
    uintptr_t from = MAX(ALIGN_DOWN(start, TABLE_SPAN), ALIGN_UP(floor, TABLE_SPAN));
    uintptr_t to = MIN(ALIGN_UP(end, TABLE_SPAN), ALIGN_DOWN(ceiling, TABLE_SPAN));
    if (from < to)
        vmspace_drop_tables(space, from, to);
}

int vmspace_unmap(struct vmspace *space, uintptr_t start, size_t len)
{
    uintptr_t end = start + len;
    if (!split_range(space, start, end))
        return -ENOMEM;
    vmspace_drop_pages(space, start, end);
    struct list_node *node = first_node(space, start);
    while (node != &space->areas && area_of(node)->start < end) {
        struct vm_area *area = area_of(node);
        node = node->next;
        remove_area(area);
    }
    drop_unused_tables(space, start, end);
    return 0;
}

/* The end of the areas that follow each other without a hole from `start` on, at most `end`. */
static uintptr_t covered_until(struct vmspace *space, uintptr_t start, uintptr_t end)
{
    uintptr_t covered = start;
    struct list_node *node = first_node(space, start);
    for (; node != &space->areas && covered < end; node = node->next) {
        if (area_of(node)->start > covered)
            break;
        covered = area_of(node)->end;
    }
    return MIN(covered, end);
}

int vmspace_protect(struct vmspace *space, uintptr_t start, size_t len, unsigned access)
{
    uintptr_t end = covered_until(space, start, start + len);
    if (!split_range(space, start, end))
        return -ENOMEM;
    if (access & VM_WRITE)
        access |= VM_READ;

    bool changed = false;
    struct list_node *node = first_node(space, start);
    for (; node != &space->areas && area_of(node)->start < end; node = node->next) {
        struct vm_area *area = area_of(node);
        area->flags = (area->flags & VM_SHARED) | access;
        changed |= vmspace_protect_pages(space, area->start, area->end, area->flags);
    }
    if (changed)
        vmspace_flush(space, start, end - start);
    join_areas(space, start, end);
    return end < start + len ? -ENOMEM : 0;
}

int vmspace_discard(struct vmspace *space, uintptr_t start, size_t len)
{
    uintptr_t end = start + len;
    bool holes = covered_until(space, start, end) < end;
    struct list_node *node = first_node(space, start);
    for (; node != &space->areas && area_of(node)->start < end; node = node->next) {
        struct vm_area *area = area_of(node);
        if (!(area->flags & VM_SHARED)) /* what is shared exists beside this mapping of it */
            vmspace_drop_pages(space, MAX(start, area->start), MIN(end, area->end));
    }
    return holes ? -ENOMEM : 0;
}

uintptr_t vmspace_find_hole(struct vmspace *space, size_t len)
{
    uintptr_t top = USER_MMAP_TOP;
    struct list_node *node = space->areas.prev;
    for (; node != &space->areas; node = node->prev) {
        struct vm_area *area = area_of(node);
        if (area->end < top && top - area->end >= len)
            break;
        top = MIN(top, area->start);
    }
    return top >= USER_BASE && top - USER_BASE >= len ? top - len : 0;
}
