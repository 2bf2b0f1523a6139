/* Bump: memory is handed out from the bottom of a region to its top.
 *
 *     region -> +------+-------+------+-------+------+-------+-----------------+
 *               | size | block | size | block | size | block |      free       |
 *               +------+-------+------+-------+------+-------+-----------------+
 *                                                            ^ top             ^ end
 *
 * malloc is an addition and a comparison. free takes back the block at the top and no other; so memory
 * that is freed in the reverse order of its allocation comes back, and all other memory never does.
 * That is right for start-up, where nothing is freed, and for work that ends with the program.
 * When a region is full the heap goes on in another one, and forgets what was left of the old.
 *
 * The size in front of a block bears a mark, another one when the block was freed: so freeing it again
 * is noticed, as long as nothing else lies there.
 */
#include "kern/alloc/heap.h"

#define SIZE_BYTES sizeof(size_t) /* in front of each block */

/* In the low bits of a size, which is a multiple of 16. */
#define USED  5UL
#define FREED 10UL
#define MARKS 15UL

struct bump {
    char *top;    /* the next block; its size goes in front of it */
    char *limit;  /* where the block after the last one would be: top cannot pass this */
    char *bottom; /* the first block of the region; nothing below is taken back */
};

static struct bump *state_of(struct heap *heap)
{
    return heap->state;
}

static size_t *head_of(void *block)
{
    return (size_t *)block - 1;
}

static size_t step_of(void *block)
{
    return *head_of(block) & ~MARKS;
}

/* From one block to the next. */
static size_t step_for(size_t size)
{
    return (size + SIZE_BYTES + HEAP_ALIGN - 1) & ~(HEAP_ALIGN - 1UL);
}

static char *align_up(void *at, size_t align)
{
    return (char *)(((uintptr_t)at + align - 1) & ~(align - 1));
}

static void bump_init(struct heap *heap)
{
    *state_of(heap) = (struct bump){.top = NULL};
}

static size_t bump_region_for(const struct heap *heap, size_t size, size_t align)
{
    (void)heap;
    return SIZE_BYTES + step_for(size) + align;
}

static bool bump_add_region(struct heap *heap, void *start, size_t size)
{
    char *first = align_up((char *)start + SIZE_BYTES, HEAP_ALIGN);
    char *limit = (char *)start + size + SIZE_BYTES;
    if (limit < first + step_for(1))
        return false;
    *state_of(heap) = (struct bump){.top = first, .limit = limit, .bottom = first};
    return true;
}

static void *bump_malloc(struct heap *heap, size_t size)
{
    struct bump *state = state_of(heap);
    size_t step = step_for(size);
    char *block = state->top;
    if (step > (size_t)(state->limit - block))
        return NULL;
    *head_of(block) = step | USED;
    state->top = block + step;
    return block;
}

static void check_used(struct heap *heap, void *block)
{
    if ((uintptr_t)block % HEAP_ALIGN != 0 || (*head_of(block) & MARKS) != USED)
        heap_corrupted(heap, "freed twice, or not the address of a block", block);
}

static bool is_last(struct bump *state, char *block)
{
    return block + step_of(block) == state->top && block >= state->bottom;
}

static void bump_free(struct heap *heap, void *block)
{
    struct bump *state = state_of(heap);
    check_used(heap, block);
    if (is_last(state, block))
        state->top = block;
    *head_of(block) ^= USED ^ FREED;
}

static size_t bump_usable_size(struct heap *heap, void *block)
{
    check_used(heap, block);
    return step_of(block) - SIZE_BYTES;
}

/* The last block grows and shrinks where it is. Others can keep their place when they shrink: moving
 * would win nothing. */
static bool bump_resize(struct heap *heap, void *block, size_t size)
{
    struct bump *state = state_of(heap);
    size_t step = step_for(size);
    check_used(heap, block);
    if (!is_last(state, block))
        return step <= step_of(block);
    if (step > (size_t)(state->limit - (char *)block))
        return false;
    *head_of(block) = step | USED;
    state->top = (char *)block + step;
    return true;
}

/* Goes up to where the block shall be; what lies before is a block that was freed. */
static void *bump_memalign(struct heap *heap, size_t align, size_t size)
{
    struct bump *state = state_of(heap);
    char *top = state->top, *block = align_up(top, align);
    size_t room = (size_t)(state->limit - top), skipped = (size_t)(block - top);
    if (skipped > room || step_for(size) > room - skipped)
        return NULL;
    if (skipped)
        *head_of(top) = skipped | FREED;
    state->top = block;
    return bump_malloc(heap, size);
}

static size_t bump_available(struct heap *heap)
{
    struct bump *state = state_of(heap);
    return (size_t)(state->limit - state->top);
}

static size_t bump_largest_free(struct heap *heap)
{
    size_t whole_steps = bump_available(heap) & ~(HEAP_ALIGN - 1UL);
    return whole_steps ? whole_steps - SIZE_BYTES : 0;
}

static const char *bump_check(struct heap *heap)
{
    struct bump *state = state_of(heap);
    if (state->top < state->bottom || state->top > state->limit)
        return "more was handed out than there is";
    for (char *block = state->bottom; block < state->top; block += step_of(block)) {
        size_t marks = *head_of(block) & MARKS;
        if ((marks != USED && marks != FREED) || step_of(block) == 0 ||
            step_of(block) > (size_t)(state->top - block))
            return "the size of a block is damaged";
    }
    return NULL;
}

const struct heap_ops heap_bump = {
    .name = "bump",
    .state_size = sizeof(struct bump),
    .grow_by = 16 << 10,
    .grow_part = 8,
    .init = bump_init,
    .add_region = bump_add_region,
    .region_for = bump_region_for,
    .malloc = bump_malloc,
    .free = bump_free,
    .resize = bump_resize,
    .memalign = bump_memalign,
    .usable_size = bump_usable_size,
    .available = bump_available,
    .largest_free = bump_largest_free,
    .check = bump_check,
};
