/* TLSF, two-level segregated fit: a good fit in bounded time, however many free blocks there are.
 *
 * Free blocks are sorted into bins of similar size, a list for each. Sizes below 1024 have bins 16
 * bytes wide; beyond, each power of two is cut into 16 bins of equal width:
 *
 *     bins   0 ..  63        0 |   16 |   32 |   48 | ... | 1008 |
 *     bins  64 ..  79     1024 | 1088 | 1152 | ... | 1984 |
 *     bins  80 ..  95     2048 | 2176 | 2304 | ... | 3968 |
 *     ...
 *
 * A bit says that a bin has a block; 64 of them are a word. A bit of a second level says that a word
 * is not 0:
 *
 *     words      0 1 0 1 ...
 *     bins[1]      0 0 0 1 0 0 0 1 ...          first[1 * 64 + 3] -> block -> block -> NULL
 *
 * So malloc rounds the size up to the next bin border, where every block is large enough, and finds
 * the first bin from there on that has a block, with two looks at bits. It takes the first block of
 * the list and cuts off what is too much. free joins the block with its free neighbours (tags_impl.h).
 * Nothing is ever searched.
 *
 * The free block that came last, the rest of a split or a freed one, does not go to its bin at once: it
 * is kept in hand. Very often it is cut again by the next malloc, or joined with by the next free, and
 * then no list and no bit has to be touched. malloc takes it when its own bin has no block, and if it is
 * large enough. The next one to be kept sends it to its bin.
 *
 *     hand -> [ free block ]        a region grows, in place, when its source has what lies behind it,
 *                                   and gives back its end when that is free and large
 *
 * Invariant: bit set <=> list not empty; each free block but the one in hand is on the list of
 * bin_of(its size).
 */
#include "kern/alloc/bits_impl.h"
#include "kern/alloc/tags_impl.h"

enum {
    COLUMNS_LOG = 4, /* a power of two is cut into 2^this bins */
    LINEAR_LOG = 10, /* below 2^this, bins are HEAP_ALIGN wide */
    LINEAR_BINS = 1 << (LINEAR_LOG - COLUMNS_LOG),
    NBINS = LINEAR_BINS + ((SIZE_LOG - LINEAR_LOG) << COLUMNS_LOG),
    NO_BIN = NBINS,
    WORD_LOG = 6,
    NWORDS = (NBINS >> WORD_LOG) + 1,
    TRIM_LEAST = 128 << 10, /* from here on a free end of a region goes back, */
    TRIM_KEEPS = 16 << 10,  /* but for so much */
};

#define PAGE 4096UL

struct tlsf {
    struct block *hand;             /* a free block that is on no list, or &none */
    struct block none;              /* of size 0 */
    uint64_t words;                 /* bit w: bins[w] is not 0 */
    uint64_t bins[NWORDS];          /* bit b: the bin w * 64 + b has a block */
    struct block *first[NBINS + 1]; /* of its list; NULL: there is none, as in NO_BIN */
    struct region regions;          /* head of the list of regions */
};

#define INLINE static inline __attribute__((always_inline)) /* on the way of malloc and free */

INLINE struct tlsf *state_of(struct heap *heap)
{
    return heap->state;
}

/* --- bins --- */

/* The bin that a free block of this size belongs to: the last one that begins at or below it. */
INLINE size_t bin_of(size_t size)
{
    if (size < 1UL << LINEAR_LOG)
        return size / HEAP_ALIGN;
    size_t log = highest_bit(size);
    size_t column = size >> (log - COLUMNS_LOG); /* and 16 more */
    return LINEAR_BINS + ((log - LINEAR_LOG - 1) << COLUMNS_LOG) + column;
}

/* The first bin all of whose blocks are at least this large: behind that of all smaller ones. */
INLINE size_t bin_for(size_t size)
{
    if (size < 1UL << LINEAR_LOG)
        return size / HEAP_ALIGN;
    return size < SIZE_END ? bin_of(size - 1) + 1 : NO_BIN;
}

INLINE bool has_block(const struct tlsf *state, size_t bin)
{
    return state->bins[bin >> WORD_LOG] >> bin % 64 & 1;
}

/* The first bin from `bin` on that has a block, or NO_BIN. */
INLINE size_t find_bin(const struct tlsf *state, size_t bin)
{
    size_t word = bin >> WORD_LOG;
    uint64_t bins = state->bins[word] >> bin % 64;
    if (bins)
        return bin + lowest_bit(bins);
    uint64_t words = state->words >> word >> 1;
    if (!words)
        return NO_BIN;
    word += 1 + lowest_bit(words);
    return (word << WORD_LOG) + lowest_bit(state->bins[word]);
}

/* --- lists --- */

INLINE void set_bit(struct tlsf *state, size_t bin)
{
    size_t word = bin >> WORD_LOG;
    if (!state->bins[word])
        state->words |= 1UL << word;
    state->bins[word] |= 1UL << bin % 64;
}

INLINE void clear_bit(struct tlsf *state, size_t bin)
{
    size_t word = bin >> WORD_LOG;
    state->bins[word] ^= 1UL << bin % 64;
    if (!state->bins[word])
        state->words ^= 1UL << word;
}

/* Puts a free block on the list of its bin. */
INLINE void insert(struct tlsf *state, struct block *block, size_t size)
{
    size_t bin = bin_of(size);
    struct block **link = &state->first[bin], *next = *link;
    block->next = next;
    block->link = link;
    *link = block;
    if (next)
        next->link = &block->next;
    else
        set_bit(state, bin);
}

/* Takes the first block of a bin off its list. */
INLINE struct block *take_first(struct tlsf *state, size_t bin)
{
    struct block *block = state->first[bin], *next = block->next;
    state->first[bin] = next;
    if (next)
        next->link = &state->first[bin];
    else
        clear_bit(state, bin);
    return block;
}

/* Takes a free block off its list. Where the list's head becomes NULL, its bin is empty. */
INLINE void take_out(struct tlsf *state, struct block *block)
{
    struct block *next = block->next, **link = block->link;
    *link = next;
    if (next)
        next->link = link;
    else if ((uintptr_t)link - (uintptr_t)state->first < sizeof(state->first))
        clear_bit(state, (size_t)(link - state->first));
}

/* --- blocks --- */

/* Takes a free block from where it waits, in hand or on a list. */
INLINE void pick_up(struct tlsf *state, struct block *block)
{
    if (block == state->hand)
        state->hand = &state->none;
    else
        take_out(state, block);
}

/* Keeps a free block in hand. The one before it goes to its bin. */
INLINE void keep(struct tlsf *state, struct block *block)
{
    struct block *before = state->hand;
    state->hand = block;
    if (before != &state->none)
        insert(state, before, size_of(before));
}

/* Cuts a block, which waits nowhere and is about to be used, down to `size`. The rest is kept if it can be
 * a block. The block behind has been told that a free one comes before it. */
INLINE void split(struct tlsf *state, struct block *block, size_t size)
{
    size_t rest = size_of(block) - size;
    struct block *after = block_after(block);
    if (rest < BLOCK_MIN) {
        after->marks |= PREV_USED;
        return;
    }
    struct block *free = block_at(block, size);
    block->size = (uint32_t)size;
    free->size = (uint32_t)rest;
    free->marks = PREV_USED;
    after->prev_size = rest;
    keep(state, free);
}

/* The size of a used block, joined with the free one behind it, if there is one. */
INLINE size_t merge_after(struct tlsf *state, struct block *block)
{
    size_t size = size_of(block);
    struct block *after = block_at(block, size);
    if (is_used(after)) {
        after->marks &= ~PREV_USED;
        return size;
    }
    pick_up(state, after);
    return size + size_of(after);
}

/* Where a block begins, joined with the free one before it, if there is one. */
INLINE struct block *merge_before(struct tlsf *state, struct block *block)
{
    if (block->marks & PREV_USED)
        return block;
    struct block *before = block_at(block, -block->prev_size);
    pick_up(state, before);
    block->marks = 0; /* not a used one any more, though inside another */
    return before;
}

/* Makes a used block free, and one with its free neighbours. */
INLINE struct block *join(struct tlsf *state, struct block *block)
{
    size_t size = merge_after(state, block);
    struct block *whole = merge_before(state, block);
    size += (size_t)((char *)block - (char *)whole);
    set_free(whole, size, whole->marks & FIRST);
    return whole;
}

/* --- regions --- */

static void tlsf_init(struct heap *heap)
{
    struct tlsf *state = state_of(heap);
    __builtin_memset(state, 0, sizeof(*state));
    state->hand = &state->none;
    region_list_init(&state->regions);
}

/* A bin is found whose blocks all are large enough: so there must be a sixteenth more. */
static size_t tlsf_region_for(const struct heap *heap, size_t size, size_t align)
{
    (void)heap;
    size_t wanted = align > HEAP_ALIGN ? size + align + BLOCK_MIN : size;
    return region_size_for(wanted + (wanted >> COLUMNS_LOG) + HEAP_ALIGN);
}

/* The newest region, if it ends at `at` and may be joined with what begins there. */
static struct region *region_before(struct heap *heap, void *at, size_t size)
{
    struct region *newest = state_of(heap)->regions.next;
    bool may_join = heap->source && heap->source->by_page && size % PAGE == 0;
    if (!may_join || newest == &state_of(heap)->regions || region_end(newest) != at)
        return NULL;
    return newest->size + size < SIZE_END ? newest : NULL;
}

/* Makes a region larger: the block that closes it becomes a used one of that size, and is freed. */
static void extend_region(struct tlsf *state, struct region *region, size_t size)
{
    struct block *block = block_at(region_end(region), -END_SIZE);
    block->size = (uint32_t)size;
    block->marks = TAG | (block->marks & PREV_USED);
    region->size += size;
    close_region(block_after(block), PREV_USED);
    keep(state, join(state, block));
}

static bool tlsf_add_region(struct heap *heap, void *start, size_t size)
{
    struct region *before = region_before(heap, start, size);
    if (before) {
        extend_region(state_of(heap), before, size);
        return true;
    }
    struct block *block = region_lay_out(start, size);
    if (!block)
        return false;
    region_link(&state_of(heap)->regions, block);
    keep(state_of(heap), block);
    return true;
}

/* Makes the newest region smaller, which ends with a large free block: but for a part of that, its pages
 * go back to the source. */
static void shrink_region(struct heap *heap, struct region *region, struct block *block)
{
    char *end = region_end(region);
    uintptr_t kept = ((uintptr_t)block + TRIM_KEEPS + PAGE - 1) & -PAGE;
    size_t size = (size_t)(end - (char *)kept);
    if (!heap->source->by_page || !heap_give_back(heap, (void *)kept, size))
        return;
    region->size -= size;
    set_free(block, kept - END_SIZE - (uintptr_t)block, block->marks & FIRST);
    close_region(block_after(block), 0);
}

/* `block` is free and the last of its region: that goes back to the source if it is all of it, or a part
 * of it, if it is large. */
static __attribute__((noinline)) void give_back_end(struct heap *heap, struct block *block)
{
    struct region *newest = state_of(heap)->regions.next;
    if (block->marks & FIRST && region_give_back(heap, (struct region *)block - 1))
        return;
    if (heap->source && size_of(block) >= TRIM_LEAST &&
        block_at(block, size_of(block) + END_SIZE) == region_end(newest))
        shrink_region(heap, newest, block);
    keep(state_of(heap), block);
}

/* --- the operations --- */

/* A free block with room for `size` bytes, which then waits nowhere. NULL: there is none. */
INLINE struct block *take_block(struct tlsf *state, size_t size)
{
    size_t bin = bin_for(size);
    if (!has_block(state, bin)) {
        struct block *hand = state->hand;
        if (size_of(hand) >= size) {
            state->hand = &state->none;
            return hand;
        }
        bin = find_bin(state, bin);
        if (bin == NO_BIN)
            return NULL;
    }
    return take_first(state, bin);
}

static void *tlsf_malloc(struct heap *heap, size_t user_size)
{
    struct tlsf *state = state_of(heap);
    size_t size = size_for(user_size);
    struct block *block = take_block(state, size);
    if (!block)
        return NULL;
    block->marks |= TAG;
    split(state, block, size);
    return user_of(block);
}

static void tlsf_free(struct heap *heap, void *user)
{
    struct tlsf *state = state_of(heap);
    struct block *whole = join(state, used_block(heap, user));
    if (is_end(block_after(whole)))
        give_back_end(heap, whole);
    else
        keep(state, whole);
}

/* Grows into the free block behind, or gives up the end. */
static bool tlsf_resize(struct heap *heap, void *user, size_t user_size)
{
    struct tlsf *state = state_of(heap);
    struct block *block = used_block(heap, user), *after = block_after(block);
    size_t size = size_for(user_size), have = size_of(block);
    if (!is_used(after))
        have += size_of(after);
    if (have < size || size >= SIZE_END)
        return false;
    block->size = (uint32_t)merge_after(state, block);
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
    rest->size = (uint32_t)(block->size - lead);
    rest->marks = TAG;
    set_free(block, lead, block->marks & FIRST);
    keep(state, block);
    return rest;
}

static void *tlsf_memalign(struct heap *heap, size_t align, size_t user_size)
{
    struct tlsf *state = state_of(heap);
    size_t size = size_for(user_size);
    struct block *block = take_block(state, size + align + BLOCK_MIN);
    if (!block)
        return NULL;
    block->marks |= TAG;
    block = align_block(state, block, align);
    split(state, block, size);
    return user_of(block);
}

/* --- facts --- */

static size_t tlsf_usable_size(struct heap *heap, void *user)
{
    return used_block(heap, user)->size - BLOCK_COST;
}

static size_t tlsf_available(struct heap *heap)
{
    size_t nfree = 0, available = 0;
    regions_check(&state_of(heap)->regions, &nfree, &available);
    return available;
}

/* The smallest size that belongs to a bin. */
static size_t border_of(size_t bin)
{
    if (bin < LINEAR_BINS)
        return bin * HEAP_ALIGN;
    size_t row = (bin - LINEAR_BINS) >> COLUMNS_LOG, column = bin % (1U << COLUMNS_LOG);
    return ((1UL << COLUMNS_LOG) + column) << (row + LINEAR_LOG - COLUMNS_LOG);
}

/* The largest size that is rounded up to a bin with a block: the border of the last such bin. */
static size_t tlsf_largest_free(struct heap *heap)
{
    struct tlsf *state = state_of(heap);
    size_t last = NBINS, size = size_of(state->hand);
    while (last > 0 && !state->first[last - 1])
        last--;
    if (last > 0 && border_of(last - 1) > size)
        size = border_of(last - 1);
    return size ? size - BLOCK_COST : 0;
}

/* Counts the blocks of a list; -1: the list is damaged. */
static long check_list(struct block **link, size_t bin)
{
    long n = 0;
    struct block *block = *link;
    for (; block; link = &block->next, block = block->next, n++)
        if (block->link != link || is_used(block) || bin_of(block->size) != bin)
            return -1;
    return n;
}

/* Adds up what is on the lists. */
static const char *check_lists(struct tlsf *state, size_t *nfree)
{
    for (size_t bin = 0; bin < NBINS; bin++) {
        bool bit = state->bins[bin >> WORD_LOG] >> bin % 64 & 1;
        long n = check_list(&state->first[bin], bin);
        if (n < 0)
            return "a list of free blocks is damaged";
        if (bit != (n > 0))
            return "the bit of a bin is wrong";
        *nfree += (size_t)n;
    }
    for (size_t word = 0; word < NWORDS; word++)
        if ((state->words >> word & 1) != (state->bins[word] != 0))
            return "the bit of a word is wrong";
    return NULL;
}

static const char *tlsf_check(struct heap *heap)
{
    struct tlsf *state = state_of(heap);
    size_t nfree = 0, available = 0, nlisted = 0;
    const char *complaint = regions_check(&state->regions, &nfree, &available);
    if (!complaint)
        complaint = check_lists(state, &nlisted);
    if (!complaint && nfree != nlisted + (state->hand != &state->none))
        complaint = "a free block is not on a list";
    return complaint;
}

const struct heap_ops heap_tlsf = {
    .name = "tlsf",
    .state_size = sizeof(struct tlsf),
    .grow_by = 16 << 10,
    .grow_part = 32,
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
