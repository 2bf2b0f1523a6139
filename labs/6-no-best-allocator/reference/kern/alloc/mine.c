/* An allocator of one's own: bins of exact sizes for what is small, one for each power of two for what is
 * large.
 *
 *     bins   0 .. 31        0 | 16 | 32 | ... | 496 |       all blocks alike
 *     bins  32 .. 54      512 | 1024 | 2048 | ...           at most LOOKS of them are looked at
 *
 * Why. Most requests of the programs measured are below 200 bytes, and come again: an exact bin answers
 * them with the block that was freed last, without a split. All bits are one word, so the next bin that
 * has a block is one look away. For large sizes sixteen bins a power of two would be better fits; eight
 * looks into a coarse one cost less than another level of bits, and are a bound all the same. Blocks join
 * with their neighbours at once (tags_impl.h): a peak of small blocks leaves room for a large one. What is
 * given up is good fit among large blocks, and the tags' eight bytes a block.
 *
 * Invariant: bit set <=> list not empty; every free block is on the list of bin_of(its size).
 */
#include "kern/alloc/bits_impl.h"
#include "kern/alloc/tags_impl.h"

enum { SMALL_BINS = 32, SMALL_LOG = 9, NBINS = 64, LOOKS = 8 };

struct mine {
    uint64_t bits; /* bit b: bin b has a block */
    struct block *first[NBINS];
    struct region regions;
};

static struct mine *state_of(struct heap *heap)
{
    return heap->state;
}

static size_t bin_of(size_t size)
{
    return size < 1UL << SMALL_LOG ? size / HEAP_ALIGN : SMALL_BINS - SMALL_LOG + highest_bit(size);
}

static void put(struct mine *state, struct block *block)
{
    size_t bin = bin_of(block->size);
    block->prev = NULL;
    block->next = state->first[bin];
    if (block->next)
        block->next->prev = block;
    state->first[bin] = block;
    state->bits |= 1UL << bin;
}

static void take_off(struct mine *state, struct block *block)
{
    size_t bin = bin_of(block->size);
    if (block->next)
        block->next->prev = block->prev;
    if (block->prev)
        block->prev->next = block->next;
    else
        state->first[bin] = block->next;
    if (!state->first[bin])
        state->bits &= ~(1UL << bin);
}

static struct block *find(struct mine *state, size_t size)
{
    size_t bin = bin_of(size);
    struct block *block = state->first[bin];
    for (int looks = 0; block && looks < LOOKS; looks++, block = block->next)
        if (block->size >= size)
            return block;
    uint64_t larger = state->bits >> bin >> 1;
    return larger ? state->first[bin + 1 + lowest_bit(larger)] : NULL;
}

static void mine_init(struct heap *heap)
{
    __builtin_memset(state_of(heap), 0, sizeof(struct mine));
    region_list_init(&state_of(heap)->regions);
}

static bool mine_add_region(struct heap *heap, void *start, size_t size)
{
    struct block *block = region_lay_out(start, size);
    if (!block)
        return false;
    region_link(&state_of(heap)->regions, block);
    put(state_of(heap), block);
    return true;
}

static size_t mine_region_for(const struct heap *heap, size_t size, size_t align)
{
    (void)heap;
    return region_size_for(align > HEAP_ALIGN ? size + align : size);
}

static void *mine_malloc(struct heap *heap, size_t user_size)
{
    struct mine *state = state_of(heap);
    size_t size = size_for(user_size);
    struct block *block = size < SIZE_END ? find(state, size) : NULL;
    if (!block)
        return NULL;
    take_off(state, block);
    size_t rest = block->size - size;
    if (rest >= BLOCK_MIN) {
        block->size = (uint32_t)size;
        set_free(block_after(block), rest, 0);
        put(state, block_after(block));
    } else {
        block_after(block)->marks |= PREV_USED;
    }
    block->marks |= TAG;
    return user_of(block);
}

static void mine_free(struct heap *heap, void *user)
{
    struct mine *state = state_of(heap);
    struct block *block = used_block(heap, user), *after = block_after(block);
    size_t size = block->size;
    if (!is_used(after)) {
        take_off(state, after);
        size += after->size;
    }
    if (!(block->marks & PREV_USED)) {
        struct block *before = block_at(block, -block->prev_size);
        take_off(state, before);
        block->marks = 0;
        size += before->size;
        block = before;
    }
    set_free(block, size, block->marks & FIRST);
    block_after(block)->marks &= ~PREV_USED;
    if (block->marks & FIRST && is_end(block_after(block)) &&
        region_give_back(heap, (struct region *)block - 1))
        return;
    put(state, block);
}

/* --- facts --- */

static size_t mine_usable_size(struct heap *heap, void *user)
{
    return used_block(heap, user)->size - BLOCK_COST;
}

static size_t mine_available(struct heap *heap)
{
    size_t nfree = 0, available = 0;
    regions_check(&state_of(heap)->regions, &nfree, &available);
    return available;
}

static size_t mine_largest_free(struct heap *heap)
{
    size_t largest = 0;
    for (size_t bin = 0; bin < NBINS; bin++)
        for (struct block *block = state_of(heap)->first[bin]; block; block = block->next)
            if (block->size > largest)
                largest = block->size;
    return largest ? largest - BLOCK_COST : 0;
}

static const char *mine_check(struct heap *heap)
{
    size_t nfree = 0, available = 0, nlisted = 0;
    const char *complaint = regions_check(&state_of(heap)->regions, &nfree, &available);
    for (size_t bin = 0; bin < NBINS; bin++)
        for (struct block *block = state_of(heap)->first[bin]; block; block = block->next)
            nlisted++;
    if (!complaint && nlisted != nfree)
        complaint = "a free block is on no list";
    return complaint;
}

const struct heap_ops heap_mine = {
    .name = "mine",
    .state_size = sizeof(struct mine),
    .grow_by = 16 << 10,
    .grow_part = 16,
    .init = mine_init,
    .add_region = mine_add_region,
    .region_for = mine_region_for,
    .malloc = mine_malloc,
    .free = mine_free,
    .usable_size = mine_usable_size,
    .available = mine_available,
    .largest_free = mine_largest_free,
    .check = mine_check,
};
