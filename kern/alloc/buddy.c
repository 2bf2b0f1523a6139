/* Buddy: blocks of powers of two, each at a multiple of its size. 2^n is a block of order n.
 *
 * A block is split into two halves, which are buddies of each other; two free buddies join again. The
 * addresses of buddies differ in one bit, so nothing must be searched to find the other:
 *
 *     order 8   |                               |
 *     order 7   |       free    |               |        block 0x180 is freed. Its buddy 0x180 ^ 0x40
 *     order 6                   | freed |  free |        is free and of the same order: they join, and
 *               0x100           0x180   0x1c0   0x200    so does what they are with 0x100, at order 7.
 *
 * There is a list of free blocks for each order, and a bit that says that it is not empty. A region
 * keeps the order of each block in a byte beside the blocks, since a block has no room to spare:
 *
 *     region:  | blocks ...                          | orders: a byte for 32 of them | header |
 *
 * Only the byte of a block's first 32 means something. It need not be made for all of them at the
 * start: a buddy that is looked at was made by a split, which wrote its byte.
 *
 * A request is rounded up to the next power of two: on average a quarter of each block is wasted, and
 * half of it in the worst case. In return any alignment is free, and the code is short.
 */
#include "kern/alloc/bits_impl.h"
#include "kern/alloc/heap.h"

enum {
    MIN_ORDER = 5, /* two pointers fit, and the alignment is right */
    NORDERS = 32,
    FREE = 0x80, /* with an order */
    USED = 0x40,
    ORDER = 0x1f, /* the bits of the order */
    INSIDE = 0,   /* no block begins here */
};

#define UNIT (1UL << MIN_ORDER)

struct block { /* while it is free */
    struct block *next, *prev;
};

/* At the end of its memory. */
struct region {
    struct region *next;
    uintptr_t start, end; /* of the blocks */
    uint8_t *orders;      /* of the block at start + i * UNIT: its order and FREE or USED */
    void *memory;
    size_t size;
    size_t nused; /* blocks in use */
};

struct buddy {
    uint32_t filled;              /* bit n: first[n] is not NULL */
    struct block *first[NORDERS]; /* lists of free blocks */
    struct region *regions;
};

static struct buddy *state_of(struct heap *heap)
{
    return heap->state;
}

/* The order of the smallest block that holds so much; NORDERS: there is none. */
static unsigned order_for(size_t size)
{
    if (size <= UNIT)
        return MIN_ORDER;
    return size > 1UL << (NORDERS - 1) ? NORDERS : highest_bit(size - 1) + 1;
}

/* --- lists and orders --- */

static uint8_t *order_at(const struct region *region, const void *block)
{
    return &region->orders[((uintptr_t)block - region->start) / UNIT];
}

static void insert(struct buddy *state, struct region *region, struct block *block, unsigned order)
{
    struct block *next = state->first[order];
    *order_at(region, block) = (uint8_t)(FREE | order);
    block->next = next;
    block->prev = NULL;
    if (next)
        next->prev = block;
    state->first[order] = block;
    state->filled |= 1U << order;
}

static void take_out(struct buddy *state, struct block *block, unsigned order)
{
    if (block->next)
        block->next->prev = block->prev;
    if (block->prev)
        block->prev->next = block->next;
    else
        state->first[order] = block->next;
    if (!state->first[order])
        state->filled &= ~(1U << order);
}

static struct region *region_of(struct buddy *state, const void *block)
{
    struct region *region = state->regions;
    while (region && ((uintptr_t)block < region->start || (uintptr_t)block >= region->end))
        region = region->next;
    return region;
}

/* --- regions --- */

static void buddy_init(struct heap *heap)
{
    struct buddy *state = state_of(heap);
    __builtin_memset(state, 0, sizeof(*state));
}

/* Wherever the region lies, there is a place at a multiple of the block's size. */
static size_t buddy_region_for(const struct heap *heap, size_t size, size_t align)
{
    (void)heap;
    size_t block = 1UL << order_for(size < align ? align : size);
    size_t blocks = block > UNIT ? 2 * block : block + HEAP_ALIGN;
    return blocks + blocks / UNIT + UNIT + sizeof(struct region) + HEAP_ALIGN;
}

/* The order of the largest block that may begin at `at`, and ends before `end`. */
static unsigned largest_order(uintptr_t at, uintptr_t end)
{
    unsigned fits = highest_bit(end - at), aligned = NORDERS - 1;
    if ((uint32_t)at)
        aligned = lowest_bit((uint32_t)at);
    return fits < aligned ? fits : aligned;
}

/* Cuts a region into the largest blocks there can be. */
static void insert_all(struct buddy *state, struct region *region)
{
    uintptr_t at = region->start;
    while (at < region->end) {
        unsigned order = largest_order(at, region->end);
        insert(state, region, (struct block *)at, order);
        at += 1UL << order;
    }
}

static void take_out_all(struct buddy *state, struct region *region)
{
    uintptr_t at = region->start;
    while (at < region->end) {
        unsigned order = largest_order(at, region->end);
        take_out(state, (struct block *)at, order);
        at += 1UL << order;
    }
}

static bool buddy_add_region(struct heap *heap, void *memory, size_t size)
{
    uintptr_t end = ((uintptr_t)memory + size) & ~(HEAP_ALIGN - 1UL);
    uintptr_t start = ((uintptr_t)memory + UNIT - 1) & ~(UNIT - 1);
    if (end < start + sizeof(struct region) + UNIT + 1)
        return false;
    struct region *region = (struct region *)end - 1;
    size_t nunits = ((uintptr_t)region - start) / (UNIT + 1);
    if (nunits > (1UL << (NORDERS - 1)) / UNIT)
        nunits = (1UL << (NORDERS - 1)) / UNIT;
    *region = (struct region){.next = state_of(heap)->regions,
                              .start = start,
                              .end = start + nunits * UNIT,
                              .orders = (uint8_t *)(start + nunits * UNIT),
                              .memory = memory,
                              .size = size};
    state_of(heap)->regions = region;
    insert_all(state_of(heap), region);
    return true;
}

/* All blocks of the region are free, and so have joined. */
static void give_back_region(struct heap *heap, struct region *region)
{
    struct buddy *state = state_of(heap);
    struct region **link = &state->regions, *next = region->next;
    while (*link != region)
        link = &(*link)->next;
    take_out_all(state, region);
    if (heap_give_back(heap, region->memory, region->size))
        *link = next;
    else
        insert_all(state, region);
}

/* --- malloc and free --- */

/* Halves a block, which is on no list, until it is of the order wanted; the upper halves are free. */
static void split(struct buddy *state, struct region *region, struct block *block, unsigned order,
                  unsigned wanted)
{
    while (order > wanted) {
        order--;
        insert(state, region, (struct block *)((uintptr_t)block + (1UL << order)), order);
    }
}

static void *allocate(struct buddy *state, unsigned order)
{
    uint32_t large_enough = order < NORDERS ? state->filled >> order : 0;
    if (!large_enough)
        return NULL;
    unsigned found = order + lowest_bit(large_enough);
    struct block *block = state->first[found];
    struct region *region = region_of(state, block);
    take_out(state, block, found);
    split(state, region, block, found, order);
    *order_at(region, block) = (uint8_t)(USED | order);
    region->nused++;
    return block;
}

static void *buddy_malloc(struct heap *heap, size_t size)
{
    return allocate(state_of(heap), order_for(size));
}

static void *buddy_memalign(struct heap *heap, size_t align, size_t size)
{
    return allocate(state_of(heap), order_for(size < align ? align : size));
}

static unsigned order_of(const struct region *region, const void *block)
{
    return *order_at(region, block) & ORDER;
}

static bool is_used(const struct region *region, const void *block)
{
    return (uintptr_t)block % UNIT == 0 && *order_at(region, block) & USED &&
           ((uintptr_t)block & ((1UL << order_of(region, block)) - 1)) == 0;
}

/* The region of a block in use; anything else ends the program. */
static struct region *region_of_used(struct heap *heap, void *user)
{
    struct region *region = region_of(state_of(heap), user);
    if (!region || !is_used(region, user))
        heap_corrupted(heap, "freed twice, or not the address of a block", user);
    return region;
}

/* Joins a block, which is on no list, with its buddy as long as that is free; returns the whole and its
 * order. */
static struct block *merge(struct buddy *state, struct region *region, struct block *block,
                           unsigned *order)
{
    for (; *order < NORDERS - 1; ++*order) {
        uintptr_t buddy = (uintptr_t)block ^ 1UL << *order;
        if (buddy < region->start || buddy + (1UL << *order) > region->end ||
            *order_at(region, (void *)buddy) != (FREE | *order))
            break;
        take_out(state, (struct block *)buddy, *order);
        uintptr_t upper = (uintptr_t)block | 1UL << *order;
        *order_at(region, (void *)upper) = INSIDE;
        block = (struct block *)(upper ^ 1UL << *order);
    }
    return block;
}

static void buddy_free(struct heap *heap, void *user)
{
    struct buddy *state = state_of(heap);
    struct region *region = region_of_used(heap, user);
    unsigned order = order_of(region, user);
    struct block *block = merge(state, region, user, &order);
    insert(state, region, block, order);
    if (--region->nused == 0 && heap->source)
        give_back_region(heap, region);
}

/* --- facts --- */

static size_t buddy_usable_size(struct heap *heap, void *user)
{
    return 1UL << order_of(region_of_used(heap, user), user);
}

static size_t buddy_available(struct heap *heap)
{
    size_t sum = 0;
    for (unsigned order = MIN_ORDER; order < NORDERS; order++)
        for (struct block *block = state_of(heap)->first[order]; block; block = block->next)
            sum += 1UL << order;
    return sum;
}

static size_t buddy_largest_free(struct heap *heap)
{
    uint32_t filled = state_of(heap)->filled;
    return filled ? 1UL << highest_bit(filled) : 0;
}

/* Walks from block to block; counts the free ones of each order and all that are used. */
static const char *check_region(const struct region *region, size_t nfree[])
{
    size_t nused = 0;
    for (uintptr_t at = region->start; at < region->end;) {
        unsigned kind = *order_at(region, (void *)at), order = kind & ORDER;
        if (order < MIN_ORDER || order >= NORDERS || at & ((1UL << order) - 1) ||
            1UL << order > region->end - at)
            return "a block has an impossible order";
        if (kind & USED)
            nused++;
        else
            nfree[order]++;
        uintptr_t buddy = at ^ 1UL << order;
        if (kind & FREE && buddy >= region->start && buddy + (1UL << order) <= region->end &&
            *order_at(region, (void *)buddy) == kind)
            return "two free buddies have not joined";
        at += 1UL << order;
    }
    return nused == region->nused ? NULL : "the number of blocks in use is wrong";
}

static const char *check_list(const struct buddy *state, unsigned order, size_t nfree)
{
    if ((state->filled >> order & 1) != (state->first[order] != NULL))
        return "the bit of an order is wrong";
    for (struct block *block = state->first[order], *prev = NULL; block;
         prev = block, block = block->next)
        if (block->prev != prev || nfree-- == 0)
            return "a list of free blocks is damaged";
    return nfree == 0 ? NULL : "a free block is not on its list";
}

static const char *buddy_check(struct heap *heap)
{
    struct buddy *state = state_of(heap);
    size_t nfree[NORDERS] = {0};
    const char *complaint = NULL;
    for (struct region *region = state->regions; region && !complaint; region = region->next)
        complaint = check_region(region, nfree);
    for (unsigned order = 0; order < NORDERS && !complaint; order++)
        complaint = check_list(state, order, nfree[order]);
    return complaint;
}

const struct heap_ops heap_buddy = {
    .name = "buddy",
    .state_size = sizeof(struct buddy),
    .grow_by = 64 << 10,
    .grow_part = 8,
    .init = buddy_init,
    .add_region = buddy_add_region,
    .region_for = buddy_region_for,
    .malloc = buddy_malloc,
    .free = buddy_free,
    .memalign = buddy_memalign,
    .usable_size = buddy_usable_size,
    .available = buddy_available,
    .largest_free = buddy_largest_free,
    .check = buddy_check,
};
