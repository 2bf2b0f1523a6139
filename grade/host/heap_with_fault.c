/* A heap with a fault, for the test of the checker in tools/heaps/replay.c. It is firstfit but for what
 * FAULT says: overlap, outside, crooked, scribble, copy or keep. */
#include "kern/alloc/heap.h"

enum fault { overlap, outside, crooked, scribble, copy, keep };

#define AFTER 50 /* so many operations go well */

static unsigned noperations;
static char *kept;

static bool faulty(enum fault fault)
{
    return fault == FAULT && noperations > AFTER;
}

static void init(struct heap *heap)
{
    heap_firstfit.init(heap);
}

static bool add_region(struct heap *heap, void *start, size_t size)
{
    return heap_firstfit.add_region(heap, start, size);
}

static size_t region_for(const struct heap *heap, size_t size, size_t align)
{
    return heap_firstfit.region_for(heap, size, align);
}

static void *allocate(struct heap *heap, size_t size)
{
    noperations++;
    char *block = heap_firstfit.malloc(heap, size);
    if (faulty(overlap) && kept)
        return kept + 16;
    if (faulty(outside))
        return (char *)block - (1 << 20);
    if (faulty(crooked) && block)
        return block + 8;
    if (faulty(scribble) && kept)
        kept[3]++;
    kept = size > 64 ? block : kept;
    return block;
}

static void give(struct heap *heap, void *block)
{
    if (block == kept)
        kept = NULL;
    if (!faulty(keep))
        heap_firstfit.free(heap, block);
}

static bool resize(struct heap *heap, void *block, size_t size)
{
    (void)heap, (void)size;
    if (faulty(copy))
        ((char *)block)[0]++;
    return false;
}

static size_t usable_size(struct heap *heap, void *block)
{
    return faulty(crooked) || faulty(overlap) || faulty(outside)
               ? 1000000
               : heap_firstfit.usable_size(heap, block);
}

static size_t available(struct heap *heap)
{
    return heap_firstfit.available(heap);
}

static size_t largest_free(struct heap *heap)
{
    return heap_firstfit.largest_free(heap);
}

static const char *check(struct heap *heap)
{
    return heap_firstfit.check(heap);
}

const struct heap_ops heap_with_fault = {
    .name = "with_fault",
    .state_size = 1024, /* more than firstfit has */
    .grow_by = 4096,
    .init = init,
    .add_region = add_region,
    .region_for = region_for,
    .malloc = allocate,
    .free = give,
    .resize = resize,
    .usable_size = usable_size,
    .available = available,
    .largest_free = largest_free,
    .check = check,
};
