/* Boundary tags: regions, made and checked (tags_impl.h). */
#include "kern/alloc/tags_impl.h"

struct block *region_lay_out(void *start, size_t size)
{
    size_t skipped = -(uintptr_t)start & (HEAP_ALIGN - 1);
    if (size < skipped + region_size_for(1))
        return NULL;
    struct region *region = (struct region *)((char *)start + skipped);
    region->size =
        (size - skipped < SIZE_END ? size - skipped : SIZE_END - 1) & ~(HEAP_ALIGN - 1UL);
    struct block *block = (struct block *)(region + 1);
    set_free(block, region->size - sizeof(struct region) - END_SIZE, FIRST);
    close_region(block_after(block), 0);
    return block;
}

void region_list_init(struct region *list)
{
    list->next = list->prev = list;
}

void region_link(struct region *list, struct block *first_block)
{
    struct region *region = (struct region *)first_block - 1;
    region->next = list->next;
    region->prev = list;
    region->next->prev = region;
    list->next = region;
}

bool region_give_back(struct heap *heap, struct region *region)
{
    struct region *next = region->next, *prev = region->prev;
    if (!heap_give_back(heap, region, region->size))
        return false;
    next->prev = prev; /* the region itself must not be touched any more */
    prev->next = next;
    return true;
}

static const char *region_check(struct region *region, size_t *nfree, size_t *available)
{
    struct block *block = (struct block *)(region + 1), *before = NULL;
    struct block *end = block_at(region, region->size - END_SIZE);
    if (!(block->marks & FIRST))
        return "the first block of a region is not marked as such";
    for (; block < end; before = block, block = block_after(block)) {
        size_t size = block->size;
        bool used = is_used(block), before_used = !before || is_used(before);
        if (size < BLOCK_MIN || size > (size_t)((char *)end - (char *)block))
            return "a block has an impossible size";
        if (before_used != !!(block->marks & PREV_USED))
            return "a block is wrong about the one before";
        if ((block->marks & ~(PREV_USED | FIRST)) != (used ? TAG : 0))
            return "a used block has no tag, or a free one has";
        if (used)
            continue;
        if (!before_used)
            return "two free blocks side by side";
        if (block_after(block)->prev_size != size)
            return "the tag at the end of a free block differs";
        *nfree += 1;
        *available += size;
    }
    if (block != end || !is_end(end) || !is_used(end))
        return "a region does not end with its closing block";
    return NULL;
}

const char *regions_check(struct region *list, size_t *nfree, size_t *available)
{
    for (struct region *region = list->next; region != list; region = region->next) {
        if (region->next->prev != region)
            return "the list of regions is damaged";
        const char *complaint = region_check(region, nfree, available);
        if (complaint)
            return complaint;
    }
    return NULL;
}
