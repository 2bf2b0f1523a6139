/* TLSF, two-level segregated fit: a good fit in bounded time, however many free blocks there are.
 *
 * Free blocks are sorted into bins of similar size, a list for each. Sizes below 256 have bins 16
 * bytes wide; beyond, each power of two is cut into 16 bins of equal width. A bin has a number:
 *
 *     row 0     0 |  16 |  32 |  48 | ... | 240 |     bins  0 .. 15
 *     row 1   256 | 272 | 288 | 304 | ... | 496 |     bins 16 .. 31
 *     row 2   512 | 544 | 576 | 608 | ... | 992 |     bins 32 .. 47
 *     ...
 *
 * A bit says that a bin has a block, and a bit of a second level that a row has one:
 *
 *     rows      0 0 1 0 1 ...
 *     columns[2]    0 0 0 1 0 0 0 1 ...         first[2 * 16 + 3] -> block -> block -> NULL
 *
 * So malloc rounds the size up to the next bin border, where every block is large enough, and finds
 * the first bin from there on that has a block, with two looks at bits. It takes the first block of
 * the list, cuts off what is too much and puts the rest into its bin. free joins the block with its
 * free neighbours (tags_impl.h) and puts the result into its bin. Nothing is ever searched.
 *
 * Invariant: bit set <=> list not empty; each free block is on the list of bin_of(its size).
 */
#include "kern/alloc/bits_impl.h"
#include "kern/alloc/tags_impl.h"

enum {
    COLUMNS_LOG = 4,
    COLUMNS = 1 << COLUMNS_LOG,
    LINEAR_LOG = 8,                   /* below 2^this, bins are HEAP_ALIGN wide */
    SIZE_LOG = 32,                    /* no block is as large as 2^this */
    ROWS = 1 + SIZE_LOG - LINEAR_LOG, /* the linear one, and one for each power of two */
    NBINS = ROWS * COLUMNS,
    NO_BIN = NBINS,
};

#define SIZE_END (1UL << SIZE_LOG)

struct tlsf {
    uint32_t rows;              /* bit r: columns[r] is not 0 */
    uint16_t columns[ROWS];     /* bit c: the bin r * COLUMNS + c has a block */
    struct block *first[NBINS]; /* lists end in NULL */
    struct region regions;      /* head of the list of regions */
};

static struct tlsf *state_of(struct heap *heap)
{
    return heap->state;
}

/* --- bins --- */

/* The bin that a free block of this size belongs to: the last one that begins at or below it. */
static unsigned bin_of(size_t size)
{
    if (size < 1UL << LINEAR_LOG)
        return (unsigned)(size / HEAP_ALIGN);
    unsigned log = highest_bit(size);
    return (log - LINEAR_LOG) * COLUMNS + (unsigned)(size >> (log - COLUMNS_LOG));
}

/* The first bin all of whose blocks are at least this large. May be NO_BIN. */
static unsigned bin_for(size_t size)
{
    if (size < 1UL << LINEAR_LOG)
        return (unsigned)(size / HEAP_ALIGN);
    size_t width = 1UL << (highest_bit(size) - COLUMNS_LOG);
    return bin_of(size + width - 1);
}

/* The first bin from `bin` on that has a block, or NO_BIN. */
static unsigned find_bin(const struct tlsf *state, unsigned bin)
{
    unsigned row = bin / COLUMNS;
    uint32_t columns = state->columns[row] >> bin % COLUMNS;
    if (columns)
        return bin + lowest_bit(columns);
    uint32_t rows = state->rows >> (row + 1);
    if (!rows)
        return NO_BIN;
    row += 1 + lowest_bit(rows);
    return row * COLUMNS + lowest_bit(state->columns[row]);
}

/* --- lists --- */

/* Puts a free block on the list of its bin. */
static void insert(struct tlsf *state, struct block *block)
{
    unsigned bin = bin_of(size_of(block));
    struct block *next = state->first[bin];
    block->next = next;
    block->prev = NULL;
    state->first[bin] = block;
    if (next) {
        next->prev = block;
        return;
    }
    state->columns[bin / COLUMNS] |= 1U << bin % COLUMNS;
    state->rows |= 1U << bin / COLUMNS;
}

/* Takes the first block of a bin off its list. */
static struct block *take_first(struct tlsf *state, unsigned bin)
{
    struct block *block = state->first[bin], *next = block->next;
    state->first[bin] = next;
    if (next) {
        next->prev = NULL;
        return block;
    }
    unsigned row = bin / COLUMNS;
    state->columns[row] &= ~(1U << bin % COLUMNS);
    if (!state->columns[row])
        state->rows &= ~(1U << row);
    return block;
}

/* Takes any free block off its list. */
static void take_out(struct tlsf *state, struct block *block)
{
    if (!block->prev) {
        take_first(state, bin_of(size_of(block)));
        return;
    }
    block->prev->next = block->next;
    if (block->next)
        block->next->prev = block->prev;
}

/* --- blocks --- */

/* `block` is used and followed by a used one. Cuts it down to `size`, if the rest can be a block; the
 * rest becomes a free one. */
static void split(struct tlsf *state, struct block *block, size_t size)
{
    size_t rest = size_of(block) - size;
    if (rest < BLOCK_MIN)
        return;
    block->head -= rest;
    struct block *free = block_at(block, size);
    set_free(free, rest, 0);
    block_at(free, rest)->head &= ~PREV_USED;
    insert(state, free);
}

/* Joins a block that is on no list with the free one behind it, if there is one. */
static void merge_after(struct tlsf *state, struct block *block)
{
    struct block *after = block_after(block);
    if (after->head & USED)
        return;
    take_out(state, after);
    block->head += size_of(after);
}

/* Joins a block that is on no list with the free one before it, if there is one; returns the whole. */
static struct block *merge_before(struct tlsf *state, struct block *block)
{
    if (block->head & PREV_USED)
        return block;
    struct block *before = block_at(block, -block->prev_size);
    take_out(state, before);
    before->head += size_of(block);
    return before;
}

/* `block` is free and on no list. When all of its region is free, that goes back to the source. */
static bool give_back_region(struct heap *heap, struct block *block)
{
    return (block->head & FIRST) && is_end(block_after(block)) &&
           region_give_back(heap, (struct region *)block - 1);
}

/* --- the operations --- */

static void tlsf_init(struct heap *heap)
{
    struct tlsf *state = state_of(heap);
    __builtin_memset(state, 0, sizeof(*state));
    region_list_init(&state->regions);
}

/* A bin is found whose blocks all are large enough: so there must be a sixteenth more. */
static size_t tlsf_region_for(const struct heap *heap, size_t size, size_t align)
{
    (void)heap;
    size_t wanted = align > HEAP_ALIGN ? size + align + BLOCK_MIN : size;
    return region_size_for(wanted + wanted / COLUMNS + HEAP_ALIGN);
}

static bool tlsf_add_region(struct heap *heap, void *start, size_t size)
{
    struct block *block = region_lay_out(start, size < SIZE_END ? size : SIZE_END - 1);
    if (!block)
        return false;
    region_link(&state_of(heap)->regions, block);
    insert(state_of(heap), block);
    return true;
}

/* A block with room for `size` bytes, off its list and marked as used, but not cut. */
static struct block *take_block(struct tlsf *state, size_t size)
{
    unsigned bin = size < SIZE_END ? bin_for(size) : NO_BIN;
    if (bin < NO_BIN)
        bin = find_bin(state, bin);
    if (bin == NO_BIN)
        return NULL;
    struct block *block = take_first(state, bin);
    block->head |= USED | TAG;
    block_after(block)->head |= PREV_USED;
    return block;
}

static void *tlsf_malloc(struct heap *heap, size_t user_size)
{
    struct tlsf *state = state_of(heap);
    size_t size = size_for(user_size);
    struct block *block = take_block(state, size);
    if (!block)
        return NULL;
    split(state, block, size);
    return user_of(block);
}

static void tlsf_free(struct heap *heap, void *user)
{
    struct tlsf *state = state_of(heap);
    struct block *block = used_block(heap, user);
    block->head &= ~(TAG_MASK | USED); /* also where it lies inside a larger one from now on */
    merge_after(state, block);
    block = merge_before(state, block);
    struct block *after = block_after(block);
    after->prev_size = size_of(block);
    after->head &= ~PREV_USED;
    if (!give_back_region(heap, block))
        insert(state, block);
}

/* Grows into the free block behind, or gives up the end. */
static bool tlsf_resize(struct heap *heap, void *user, size_t user_size)
{
    struct tlsf *state = state_of(heap);
    struct block *block = used_block(heap, user), *after = block_after(block);
    size_t size = size_for(user_size), have = size_of(block);
    if (!(after->head & USED))
        have += size_of(after);
    if (have < size || size >= SIZE_END)
        return false;
    merge_after(state, block);
    block_after(block)->head |= PREV_USED;
    split(state, block, size);
    return true;
}

/* Cuts off what lies before the first place that is aligned and far enough away to be a block. */
static struct block *align_block(struct tlsf *state, struct block *block, size_t align)
{
    uintptr_t user = (uintptr_t)user_of(block);
    if (user % align == 0)
        return block;
    uintptr_t aligned = (user + BLOCK_MIN + align - 1) & ~(align - 1);
    size_t lead = aligned - user;
    struct block *rest = block_at(block, lead);
    rest->head = (size_of(block) - lead) | USED | TAG;
    block->head &= ~(TAG_MASK | USED);
    block->head -= size_of(rest);
    rest->prev_size = lead;
    insert(state, block);
    return rest;
}

static void *tlsf_memalign(struct heap *heap, size_t align, size_t user_size)
{
    struct tlsf *state = state_of(heap);
    size_t size = size_for(user_size);
    struct block *block = take_block(state, size + align + BLOCK_MIN);
    if (!block)
        return NULL;
    block = align_block(state, block, align);
    split(state, block, size);
    return user_of(block);
}

/* --- facts --- */

static size_t tlsf_usable_size(struct heap *heap, void *user)
{
    return size_of(used_block(heap, user)) - BLOCK_COST;
}

static size_t tlsf_available(struct heap *heap)
{
    size_t nfree = 0, available = 0;
    regions_check(&state_of(heap)->regions, &nfree, &available);
    return available;
}

/* The largest size that is rounded up to a bin with a block: the border of the last such bin. */
static size_t tlsf_largest_free(struct heap *heap)
{
    struct tlsf *state = state_of(heap);
    if (!state->rows)
        return 0;
    unsigned row = highest_bit(state->rows), column = highest_bit(state->columns[row]);
    size_t size =
        row == 0 ? column * HEAP_ALIGN : (COLUMNS + column) << (row - 1 + LINEAR_LOG - COLUMNS_LOG);
    return size - BLOCK_COST;
}

/* Counts the blocks of a list; -1: the list is damaged. */
static long check_list(struct block *block, unsigned bin)
{
    long n = 0;
    for (struct block *prev = NULL; block; prev = block, block = block->next, n++)
        if (block->prev != prev || (block->head & USED) || bin_of(size_of(block)) != bin)
            return -1;
    return n;
}

/* Adds up what is on the lists. */
static const char *check_lists(struct tlsf *state, size_t *nfree)
{
    for (unsigned bin = 0; bin < NBINS; bin++) {
        bool bit = state->columns[bin / COLUMNS] >> bin % COLUMNS & 1;
        long n = check_list(state->first[bin], bin);
        if (n < 0)
            return "a list of free blocks is damaged";
        if (bit != (n > 0))
            return "the bit of a bin is wrong";
        *nfree += (size_t)n;
    }
    for (unsigned row = 0; row < ROWS; row++)
        if ((state->rows >> row & 1) != (state->columns[row] != 0))
            return "the bit of a row is wrong";
    return NULL;
}

static const char *tlsf_check(struct heap *heap)
{
    struct tlsf *state = state_of(heap);
    size_t nfree = 0, available = 0, nlisted = 0;
    const char *complaint = regions_check(&state->regions, &nfree, &available);
    if (!complaint)
        complaint = check_lists(state, &nlisted);
    if (!complaint && nfree != nlisted)
        complaint = "a free block is not on a list";
    return complaint;
}

const struct heap_ops heap_tlsf = {
    .name = "tlsf",
    .state_size = sizeof(struct tlsf),
    .grow_by = 16 << 10,
    .init = tlsf_init,
    .add_region = tlsf_add_region,
    .region_for = tlsf_region_for,
    .malloc = tlsf_malloc,
    .free = tlsf_free,
    .resize = tlsf_resize,
    .memalign = tlsf_memalign,
    .usable_size = tlsf_usable_size,
    .available = tlsf_available,
    .largest_free = tlsf_largest_free,
    .check = tlsf_check,
};
