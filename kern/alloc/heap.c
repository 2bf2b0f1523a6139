/* What all heaps have in common: locking, growing, and the calls a back end need not write.
 *
 * An aligned block over a back end that has no memalign of its own lies inside a larger one:
 *
 *      outer block            marker (16 bytes)    aligned block
 *      |......................|key|outer address|..............|
 *
 * The key is made from the address of the aligned block, so that what happens to stand in front of
 * an ordinary block is not taken for a marker; freeing wipes it.
 */
#include "kern/alloc/heap.h"

#define ROUND_UP(x, align) (((x) + (align)-1) & ~((align)-1))

struct marker {
    uintptr_t key;
    void *outer;
};

#define MARKER_KEY 0x9e3779b97f4a7c15UL

#define INLINE static inline __attribute__((always_inline)) /* on the way of malloc and free */

INLINE void lock(struct heap *heap)
{
    if (heap->lock_ops)
        heap->lock_ops->lock(heap->lock_arg);
}

INLINE void unlock(struct heap *heap)
{
    if (heap->lock_ops)
        heap->lock_ops->unlock(heap->lock_arg);
}

void heap_corrupted(struct heap *heap, const char *what, void *block)
{
    if (heap->corrupted)
        heap->corrupted(what, block);
    __builtin_trap();
}

/* --- regions --- */

static size_t state_size(const struct heap *heap)
{
    return ROUND_UP(heap->ops->state_size, (size_t)HEAP_ALIGN);
}

bool heap_init(struct heap *heap, const struct heap_ops *ops, void *region, size_t size)
{
    heap->ops = ops;
    if (!region && heap->source)
        region =
            heap->source->take(heap->source->arg, state_size(heap) + ops->region_for(1), &size);
    uintptr_t start = ROUND_UP((uintptr_t)region, (uintptr_t)HEAP_ALIGN);
    size_t used = start - (uintptr_t)region + state_size(heap);
    if (!region || size < used)
        return false;
    heap->state = (void *)start;
    ops->init(heap);
    return ops->add_region(heap, (char *)region + used, size - used);
}

bool heap_add_region(struct heap *heap, void *start, size_t size)
{
    lock(heap);
    bool added = heap->ops->add_region(heap, start, size);
    unlock(heap);
    return added;
}

bool heap_give_back(struct heap *heap, void *region, size_t size)
{
    bool is_first = (char *)region == (char *)heap->state + state_size(heap);
    if (is_first || !heap->source)
        return false;
    heap->source->give_back(heap->source->arg, region, size);
    return true;
}

/* Adds a region from the source in which a block of `size` bytes fits. Lock held. */
static bool grow(struct heap *heap, size_t size)
{
    if (!heap->source)
        return false;
    size_t got;
    void *region = heap->source->take(heap->source->arg, heap->ops->region_for(size), &got);
    return region && heap->ops->add_region(heap, region, got);
}

/* --- blocks; lock held --- */

static __attribute__((noinline)) void *malloc_after_growing(struct heap *heap, size_t size)
{
    return grow(heap, size) ? heap->ops->malloc(heap, size) : NULL;
}

INLINE void *locked_malloc(struct heap *heap, size_t size)
{
    void *block = heap->ops->malloc(heap, size);
    return block ? block : malloc_after_growing(heap, size);
}

/* The marker in front of a block, or NULL when it is an ordinary one. */
INLINE struct marker *marker_of(struct heap *heap, void *block)
{
    struct marker *marker = (struct marker *)block - 1;
    bool is_marker = !heap->ops->memalign && marker->key == ((uintptr_t)block ^ MARKER_KEY);
    return is_marker ? marker : NULL;
}

INLINE void locked_free(struct heap *heap, void *block)
{
    struct marker *marker = marker_of(heap, block);
    if (marker) {
        block = marker->outer;
        *marker = (struct marker){0, NULL};
    }
    heap->ops->free(heap, block);
}

static size_t locked_usable_size(struct heap *heap, void *block)
{
    struct marker *marker = marker_of(heap, block);
    if (!marker)
        return heap->ops->usable_size(heap, block);
    return heap->ops->usable_size(heap, marker->outer) -
           (size_t)((char *)block - (char *)marker->outer);
}

static void *locked_memalign(struct heap *heap, size_t align, size_t size)
{
    if (heap->ops->memalign) {
        void *block = heap->ops->memalign(heap, align, size);
        if (!block && grow(heap, size + align))
            block = heap->ops->memalign(heap, align, size);
        return block;
    }
    char *outer = locked_malloc(heap, size + align); /* blocks are aligned to at least a marker */
    if (!outer)
        return NULL;
    char *block = (char *)ROUND_UP((uintptr_t)outer, align);
    if (block != outer)
        ((struct marker *)block)[-1] = (struct marker){(uintptr_t)block ^ MARKER_KEY, outer};
    return block;
}

/* A block moves when it does not fit any more, or would waste more than half. */
static void *locked_realloc(struct heap *heap, void *block, size_t size)
{
    if (heap->ops->realloc && !marker_of(heap, block))
        return heap->ops->realloc(heap, block, size);
    size_t usable = locked_usable_size(heap, block);
    bool fits = size <= usable;
    if (fits && size >= usable / 2)
        return block;
    void *moved = locked_malloc(heap, size);
    if (!moved)
        return fits ? block : NULL;
    __builtin_memcpy(moved, block, fits ? size : usable);
    locked_free(heap, block);
    return moved;
}

/* --- the interface --- */

void *heap_malloc(struct heap *heap, size_t size)
{
    if (size > HEAP_SIZE_MAX)
        return NULL;
    lock(heap);
    void *block = locked_malloc(heap, size ? size : 1);
    unlock(heap);
    return block;
}

void *heap_calloc(struct heap *heap, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    void *block = heap_malloc(heap, total);
    if (block)
        __builtin_memset(block, 0, total);
    return block;
}

void *heap_realloc(struct heap *heap, void *block, size_t size)
{
    if (!block)
        return heap_malloc(heap, size);
    if (size == 0) {
        heap_free(heap, block);
        return NULL;
    }
    if (size > HEAP_SIZE_MAX)
        return NULL;
    lock(heap);
    void *moved = locked_realloc(heap, block, size);
    unlock(heap);
    return moved;
}

void *heap_memalign(struct heap *heap, size_t align, size_t size)
{
    if (align <= HEAP_ALIGN)
        return heap_malloc(heap, size);
    if (size > HEAP_SIZE_MAX || align > HEAP_SIZE_MAX)
        return NULL;
    lock(heap);
    void *block = locked_memalign(heap, align, size ? size : 1);
    unlock(heap);
    return block;
}

void heap_free(struct heap *heap, void *block)
{
    if (!block)
        return;
    lock(heap);
    locked_free(heap, block);
    unlock(heap);
}

size_t heap_usable_size(struct heap *heap, void *block)
{
    if (!block)
        return 0;
    lock(heap);
    size_t size = locked_usable_size(heap, block);
    unlock(heap);
    return size;
}

size_t heap_available(struct heap *heap)
{
    lock(heap);
    size_t size = heap->ops->available(heap);
    unlock(heap);
    return size;
}

size_t heap_largest_free(struct heap *heap)
{
    lock(heap);
    size_t size = heap->ops->largest_free(heap);
    unlock(heap);
    return size;
}

const char *heap_check(struct heap *heap)
{
    lock(heap);
    const char *complaint = heap->ops->check(heap);
    unlock(heap);
    return complaint;
}
