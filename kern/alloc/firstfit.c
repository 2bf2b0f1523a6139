/* First fit: one list of free blocks; the first that is large enough serves.
 *
 *     free --> [ freed last ] --> [ ... ] --> [ freed first ] --> [ a new region ] --> (free)
 *
 * Blocks lie in regions, with boundary tags (tags_impl.h). They are carved from the end of a free one,
 * which then keeps its place in the list. A freed block goes to the front: what was freed last is
 * likely to fit next, and is in the cache. A new region goes to the back: as long as older ones have
 * room it stays empty, or becomes so, and can be given back.
 */
#include "kern/alloc/tags_impl.h"

struct firstfit {
    struct block free;     /* head of the list of free blocks; size 0 fits nothing */
    struct region regions; /* head of the list of regions */
    size_t available;      /* sum of the sizes of free blocks */
};

static struct firstfit *state_of(struct heap *heap)
{
    return heap->state;
}

static void link_free(struct block *after, struct block *block)
{
    block->next = after->next;
    block->prev = after;
    block->next->prev = block;
    after->next = block;
}

static void unlink_free(struct block *block)
{
    block->prev->next = block->next;
    block->next->prev = block->prev;
}

/* --- regions --- */

static void firstfit_init(struct heap *heap)
{
    struct firstfit *state = state_of(heap);
    state->free.size = 0;
    state->free.next = state->free.prev = &state->free;
    region_list_init(&state->regions);
    state->available = 0;
}

static size_t firstfit_region_for(const struct heap *heap, size_t size, size_t align)
{
    (void)heap;
    return region_size_for(align > HEAP_ALIGN ? size + align : size);
}

static bool firstfit_add_region(struct heap *heap, void *start, size_t size)
{
    struct firstfit *state = state_of(heap);
    struct block *block = region_lay_out(start, size);
    if (!block)
        return false;
    region_link(&state->regions, block);
    link_free(state->free.prev, block); /* at the back */
    state->available += block->size;
    return true;
}

/* `block` is free and all of its region. */
static __attribute__((noinline)) void give_back_region(struct heap *heap, struct block *block)
{
    struct block *next_free = block->next, *prev_free = block->prev;
    size_t size = block->size;
    if (!region_give_back(heap, (struct region *)block - 1))
        return;
    next_free->prev = prev_free;
    prev_free->next = next_free;
    state_of(heap)->available -= size;
}

/* --- malloc and free --- */

static struct block *find_free(struct firstfit *state, size_t size)
{
    for (struct block *block = state->free.next; block != &state->free; block = block->next)
        if (block->size >= size)
            return block;
    return NULL;
}

static void *firstfit_malloc(struct heap *heap, size_t user_size)
{
    struct firstfit *state = state_of(heap);
    size_t size = size_for(user_size);
    struct block *block = find_free(state, size);
    if (!block)
        return NULL;
    size_t whole = block->size, rest = whole - size;
    if (rest >= BLOCK_MIN) {
        set_free(block, rest, block->marks & FIRST);
        block = block_at(block, rest);
        block->size = (uint32_t)size;
        block->marks = TAG;
    } else {
        size = whole;
        unlink_free(block);
        block->marks |= TAG;
    }
    block_at(block, size)->marks |= PREV_USED;
    state->available -= size;
    return user_of(block);
}

static void firstfit_free(struct heap *heap, void *user)
{
    struct firstfit *state = state_of(heap);
    struct block *block = used_block(heap, user);
    size_t size = block->size;
    struct block *after = block_at(block, size);
    state->available += size;

    block->marks &= ~TAG; /* stays, even if the block joins the one before */
    if (!is_used(after)) {
        size += after->size;
        unlink_free(after);
    }
    if (block->marks & PREV_USED) {
        link_free(&state->free, block);
    } else {
        size += block->prev_size;
        block = block_at(block, -block->prev_size);
    }
    set_free(block, size, block->marks & FIRST);
    after = block_at(block, size);
    after->marks &= ~PREV_USED;
    if ((block->marks & FIRST) && is_end(after))
        give_back_region(heap, block);
}

/* --- facts --- */

static size_t firstfit_usable_size(struct heap *heap, void *user)
{
    return used_block(heap, user)->size - BLOCK_COST;
}

static size_t firstfit_available(struct heap *heap)
{
    return state_of(heap)->available;
}

static size_t firstfit_largest_free(struct heap *heap)
{
    struct firstfit *state = state_of(heap);
    size_t largest = 0;
    for (struct block *block = state->free.next; block != &state->free; block = block->next)
        if (block->size > largest)
            largest = block->size;
    return largest ? largest - BLOCK_COST : 0;
}

static const char *firstfit_check(struct heap *heap)
{
    struct firstfit *state = state_of(heap);
    size_t nfree = 0, available = 0;
    const char *complaint = regions_check(&state->regions, &nfree, &available);
    if (complaint)
        return complaint;
    for (struct block *block = state->free.next; block != &state->free; block = block->next) {
        if (block->next->prev != block || is_used(block) || nfree == 0)
            return "the list of free blocks is damaged";
        nfree--;
    }
    if (nfree != 0)
        return "a free block is not on the list";
    return available == state->available ? NULL : "the sum of free bytes is wrong";
}

const struct heap_ops heap_firstfit = {
    .name = "firstfit",
    .state_size = sizeof(struct firstfit),
    .grow_by = 16 << 10,
    .grow_part = 8,
    .init = firstfit_init,
    .add_region = firstfit_add_region,
    .region_for = firstfit_region_for,
    .malloc = firstfit_malloc,
    .free = firstfit_free,
    .usable_size = firstfit_usable_size,
    .available = firstfit_available,
    .largest_free = firstfit_largest_free,
    .check = firstfit_check,
};
