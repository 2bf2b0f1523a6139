/* First fit: one list of free blocks; the first that is large enough serves.
 *
 * A region is a row of blocks, used and free, between a header and a closing block:
 *
 *     +--------+-----------+------+-----------+------+-----+
 *     | region |   used    | free |   used    | used | end |
 *     +--------+-----------+------+-----------+------+-----+
 *
 *     block -> +-----------+------------------------+
 *              | prev_size | size, flags, (tag)     |   prev_size: only if the block before is free
 *     user  -> +-----------+------------------------+
 *              | next      | prev     (when free)   |   else the user's bytes begin here
 *              | ...                                |
 *              +-----------+------------------------+ <- the next block; a used block's bytes
 *              | prev_size |                            reach into its prev_size
 *
 * Knuth's boundary tags: each block knows its size and whether the one before is free, and a free
 * block's size also stands at its end; so a block that is freed joins both neighbours at once. There
 * are never two free blocks side by side.
 *
 * Blocks are carved from the end of a free one, which then keeps its place in the list. A freed block
 * goes to the front: what was freed last is likely to fit next, and is in the cache. A new region goes
 * to the back: as long as older ones have room it stays empty, or becomes so, and can be given back.
 *
 * A used block bears a tag beside its size. Freeing removes it, which unmasks double and wild frees.
 */
#include "kern/alloc/heap.h"

#define USED      1UL /* this block */
#define PREV_USED 2UL /* the block before, or there is none */
#define FIRST     4UL /* of its region */
#define FLAGS     15UL
#define TAG       (0xa10cUL << 48) /* in used blocks only */
#define TAG_MASK  (0xffffUL << 48)

struct block {
    size_t prev_size;
    size_t head;               /* size, a multiple of 16, with flags and tag */
    struct block *next, *prev; /* free: the list of free blocks */
};

#define BLOCK_HEADER offsetof(struct block, next)
#define BLOCK_COST   sizeof(size_t) /* what a used block takes beside the user's bytes */
#define BLOCK_MIN    sizeof(struct block)
#define END_SIZE     BLOCK_HEADER

struct region {
    struct region *next, *prev;
    size_t size;
    size_t unused; /* the first block shall be aligned */
};

struct firstfit {
    struct block free;     /* head of the list of free blocks; size 0 fits nothing */
    struct region regions; /* head of the list of regions */
    size_t available;      /* sum of the sizes of free blocks */
};

static struct firstfit *state_of(struct heap *heap)
{
    return heap->state;
}

static size_t size_of(const struct block *block)
{
    return block->head & ~(TAG_MASK | FLAGS);
}

static struct block *block_at(void *base, size_t offset)
{
    return (struct block *)((char *)base + offset);
}

static struct block *block_after(struct block *block)
{
    return block_at(block, size_of(block));
}

static void *user_of(struct block *block)
{
    return (char *)block + BLOCK_HEADER;
}

static size_t size_for(size_t user_size)
{
    size_t size = (user_size + BLOCK_COST + HEAP_ALIGN - 1) & ~(HEAP_ALIGN - 1UL);
    return size < BLOCK_MIN ? BLOCK_MIN : size;
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

/* Writes the two tags of a free block; nothing before it is free, else they would be one. */
static void set_free(struct block *block, size_t size, size_t first)
{
    block->head = size | PREV_USED | first;
    block_at(block, size)->prev_size = size;
}

/* --- regions --- */

static void firstfit_init(struct heap *heap)
{
    struct firstfit *state = state_of(heap);
    state->free.head = 0;
    state->free.next = state->free.prev = &state->free;
    state->regions.next = state->regions.prev = &state->regions;
    state->available = 0;
}

static size_t firstfit_region_for(size_t size)
{
    return sizeof(struct region) + size_for(size) + END_SIZE;
}

static bool firstfit_add_region(struct heap *heap, void *start, size_t size)
{
    struct firstfit *state = state_of(heap);
    size_t skipped = -(uintptr_t)start & (HEAP_ALIGN - 1);
    if (size < skipped + firstfit_region_for(1))
        return false;
    struct region *region = (struct region *)((char *)start + skipped);
    region->size = (size - skipped) & ~(HEAP_ALIGN - 1UL);
    region->next = state->regions.next;
    region->prev = &state->regions;
    region->next->prev = region;
    state->regions.next = region;

    struct block *block = (struct block *)(region + 1);
    size_t block_size = region->size - sizeof(struct region) - END_SIZE;
    set_free(block, block_size, FIRST);
    block_after(block)->head = USED | TAG; /* the end: in use, of size 0, after a free block */
    link_free(state->free.prev, block);    /* at the back */
    state->available += block_size;
    return true;
}

static bool is_end(const struct block *block)
{
    return size_of(block) == 0;
}

/* `block` is free and all of its region. */
static __attribute__((noinline)) void give_back_region(struct heap *heap, struct block *block)
{
    struct region *region = (struct region *)block - 1;
    struct region *next = region->next, *prev = region->prev;
    struct block *next_free = block->next, *prev_free = block->prev;
    size_t size = size_of(block);
    if (!heap_give_back(heap, region, region->size))
        return;
    next->prev = prev; /* the region itself must not be touched any more */
    prev->next = next;
    next_free->prev = prev_free;
    prev_free->next = next_free;
    state_of(heap)->available -= size;
}

/* --- malloc and free --- */

static struct block *find_free(struct firstfit *state, size_t size)
{
    for (struct block *block = state->free.next; block != &state->free; block = block->next)
        if (block->head >= size) /* the flags do not matter: size is a multiple of 16 */
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
    size_t whole = size_of(block), rest = whole - size;
    if (rest >= BLOCK_MIN) {
        set_free(block, rest, block->head & FIRST);
        block = block_at(block, rest);
        block->head = size | USED | TAG;
    } else {
        size = whole;
        unlink_free(block);
        block->head |= USED | TAG;
    }
    block_at(block, size)->head |= PREV_USED;
    state->available -= size;
    return user_of(block);
}

/* The used block that the user calls `user`; anything else ends the program. */
static inline __attribute__((always_inline)) struct block *used_block(struct heap *heap, void *user)
{
    struct block *block = block_at(user, -BLOCK_HEADER);
    if ((uintptr_t)user % HEAP_ALIGN != 0 || (block->head & (TAG_MASK | USED)) != (TAG | USED) ||
        is_end(block))
        heap_corrupted(heap, "freed twice, or not the address of a block", user);
    if (!(block_after(block)->head & PREV_USED))
        heap_corrupted(heap, "what surrounds the block is damaged", user);
    return block;
}

static void firstfit_free(struct heap *heap, void *user)
{
    struct firstfit *state = state_of(heap);
    struct block *block = used_block(heap, user);
    size_t size = size_of(block);
    struct block *after = block_at(block, size);
    state->available += size;

    block->head &= ~(TAG_MASK | USED); /* stays, even if the block joins the one before */
    if (!(after->head & USED)) {
        size += size_of(after);
        unlink_free(after);
    }
    if (block->head & PREV_USED) {
        link_free(&state->free, block);
    } else {
        size += block->prev_size;
        block = block_at(block, -block->prev_size);
    }
    set_free(block, size, block->head & FIRST);
    after = block_at(block, size);
    after->head &= ~PREV_USED;
    if ((block->head & FIRST) && is_end(after))
        give_back_region(heap, block);
}

/* --- facts --- */

static size_t firstfit_usable_size(struct heap *heap, void *user)
{
    return size_of(used_block(heap, user)) - BLOCK_COST;
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
        if (size_of(block) > largest)
            largest = size_of(block);
    return largest ? largest - BLOCK_COST : 0;
}

/* Adds up the free blocks of a region. */
static const char *check_region(struct region *region, size_t *nfree, size_t *available)
{
    struct block *block = (struct block *)(region + 1), *before = NULL;
    struct block *end = block_at(region, region->size - END_SIZE);
    if (!(block->head & FIRST))
        return "the first block of a region is not marked as such";
    for (; block < end; before = block, block = block_after(block)) {
        size_t size = size_of(block);
        bool used = block->head & USED, before_used = !before || (before->head & USED);
        if (size < BLOCK_MIN || size > (size_t)((char *)end - (char *)block))
            return "a block has an impossible size";
        if (before_used != !!(block->head & PREV_USED))
            return "a block is wrong about the one before";
        if (used != ((block->head & TAG_MASK) == TAG))
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
    if (block != end || !is_end(end) || !(end->head & USED))
        return "a region does not end with its closing block";
    return NULL;
}

static const char *firstfit_check(struct heap *heap)
{
    struct firstfit *state = state_of(heap);
    size_t nfree = 0, available = 0;
    for (struct region *r = state->regions.next; r != &state->regions; r = r->next) {
        if (r->next->prev != r)
            return "the list of regions is damaged";
        const char *complaint = check_region(r, &nfree, &available);
        if (complaint)
            return complaint;
    }
    for (struct block *block = state->free.next; block != &state->free; block = block->next) {
        if (block->next->prev != block || (block->head & USED) || nfree == 0)
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
