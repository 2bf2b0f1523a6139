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
#include "heap_watch.h" /* which one: HEAP_STATS, HEAP_CHECK, HEAP_TRACE */

#define ROUND_UP(x, align) (((x) + (align)-1) & ~((align)-1))

struct marker {
    uintptr_t key;
    void *outer;
};

#define MARKER_KEY 0x9e3779b97f4a7c15UL

#define INLINE static inline __attribute__((always_inline)) /* on the way of malloc and free */

/* Around operations on blocks: a back end with a cache for each hart locks for itself. */
INLINE void enter(struct heap *heap)
{
    if (heap->lock_ops && !heap->ops->per_hart)
        heap->lock_ops->lock(heap->lock_arg);
}

INLINE void leave(struct heap *heap)
{
    if (heap->lock_ops && !heap->ops->per_hart)
        heap->lock_ops->unlock(heap->lock_arg);
}

void heap_corrupted(struct heap *heap, const char *what, void *block)
{
    if (heap->corrupted)
        heap->corrupted(what, block);
    __builtin_trap();
}

/* --- regions --- */

void *heap_nothing(struct heap *heap, size_t size)
{
    (void)heap, (void)size;
    return NULL;
}

static size_t state_size(const struct heap *heap)
{
    return ROUND_UP(heap->ops->state_size, (size_t)HEAP_ALIGN);
}

/* A fresh region in which such a block fits; larger than that, if the source is rich. Lock held. */
static void *take_region(struct heap *heap, size_t size, size_t align, size_t *got)
{
    const struct heap_source *source = heap->source;
    size_t needed = heap->ops->region_for(heap, size, align), wanted = heap->ops->grow_by;
    if (heap->ops->grow_part && wanted < heap->taken / heap->ops->grow_part)
        wanted = heap->taken / heap->ops->grow_part;
    void *region = needed < wanted ? source->take(source->arg, wanted, got) : NULL;
    if (!region)
        region = source->take(source->arg, needed, got);
    if (region)
        heap->taken += *got;
    return region;
}

/* Gives the back end a region. Lock held, or nobody else knows the heap. */
static bool add_region(struct heap *heap, void *start, size_t size)
{
    if (!heap->ops->add_region(heap, start, size))
        return false;
    watch_region(heap, start, size, true);
    return true;
}

bool heap_init(struct heap *heap, const struct heap_ops *ops, void *region, size_t size)
{
    heap->ops = ops;
    heap->state = NULL;
    heap->taken = 0;
    if (!region && heap->source)
        region = take_region(heap, state_size(heap) + 1, HEAP_ALIGN, &size);
    uintptr_t start = ROUND_UP((uintptr_t)region, (uintptr_t)HEAP_ALIGN);
    size_t used = start - (uintptr_t)region + state_size(heap);
    if (region && size >= used) {
        heap->state = (void *)start;
        ops->init(heap);
    }
    if (!heap->state || !add_region(heap, (char *)region + used, size - used)) {
        heap->ops = NULL;
        return false;
    }
    heap->quick_malloc = WATCH_ALL ? heap_nothing : ops->malloc;
    heap->quick_free = WATCH_ALL || !ops->memalign ? heap_free : ops->free;
    return true;
}

bool heap_add_region(struct heap *heap, void *start, size_t size)
{
    heap_lock(heap);
    bool added = add_region(heap, start, size);
    heap_unlock(heap);
    return added;
}

bool heap_give_back(struct heap *heap, void *region, size_t size)
{
    bool is_first = (char *)region == (char *)heap->state + state_size(heap);
    if (is_first || !heap->source || !heap->source->give_back(heap->source->arg, region, size))
        return false;
    heap->taken -= size;
    watch_region(heap, region, size, false);
    return true;
}

static bool grow_locked(struct heap *heap, size_t size, size_t align)
{
    size_t got;
    void *region = take_region(heap, size, align, &got);
    return region && add_region(heap, region, got);
}

static bool grow(struct heap *heap, size_t size, size_t align)
{
    if (!heap->source)
        return false;
    bool per_hart = heap->ops->per_hart;
    if (per_hart)
        heap_lock(heap);
    bool grown = grow_locked(heap, size, align);
    if (per_hart)
        heap_unlock(heap);
    return grown;
}

/* --- blocks; between enter and leave --- */

static __attribute__((noinline)) void *malloc_after_growing(struct heap *heap, size_t size)
{
    return grow(heap, size, HEAP_ALIGN) ? heap->ops->malloc(heap, size) : NULL;
}

INLINE void *entered_malloc(struct heap *heap, size_t size)
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

INLINE void entered_free(struct heap *heap, void *block)
{
    struct marker *marker = marker_of(heap, block);
    if (marker) {
        block = marker->outer;
        *marker = (struct marker){0, NULL};
    }
    heap->ops->free(heap, block);
}

size_t heap_block_size(struct heap *heap, void *block)
{
    struct marker *marker = marker_of(heap, block);
    if (!marker)
        return heap->ops->usable_size(heap, block);
    return heap->ops->usable_size(heap, marker->outer) -
           (size_t)((char *)block - (char *)marker->outer);
}

static void *entered_memalign(struct heap *heap, size_t align, size_t size)
{
    if (heap->ops->memalign) {
        void *block = heap->ops->memalign(heap, align, size);
        if (!block && grow(heap, size, align))
            block = heap->ops->memalign(heap, align, size);
        return block;
    }
    char *outer = entered_malloc(heap, size + align); /* blocks are aligned to at least a marker */
    if (!outer)
        return NULL;
    char *block = (char *)ROUND_UP((uintptr_t)outer, align);
    if (block != outer)
        ((struct marker *)block)[-1] = (struct marker){(uintptr_t)block ^ MARKER_KEY, outer};
    return block;
}

/* A block moves when it does not fit any more, or would waste more than half. */
static void *entered_realloc(struct heap *heap, void *block, size_t size)
{
    if (heap->ops->resize && !marker_of(heap, block) && heap->ops->resize(heap, block, size))
        return block;
    size_t usable = heap_block_size(heap, block);
    bool fits = size <= usable;
    if (fits && size >= usable / 2)
        return block;
    void *moved = entered_malloc(heap, size);
    if (!moved)
        return fits ? block : NULL;
    __builtin_memcpy(moved, block, fits ? size : usable);
    entered_free(heap, block);
    return moved;
}

/* --- the interface --- */

void *heap_malloc(struct heap *heap, size_t size)
{
    if (size > HEAP_SIZE_MAX || watch_refuses())
        return watch_refused(heap);
    enter(heap);
    void *block = entered_malloc(heap, watch_padded(size ? size : 1, HEAP_ALIGN));
    block = watch_made(heap, block, size, HEAP_ALIGN);
    leave(heap);
    return block;
}

void *heap_calloc(struct heap *heap, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        return watch_refused(heap);
    void *block = heap_malloc(heap, total);
    if (block)
        __builtin_memset(block, 0, total);
    return block;
}

/* A fresh block with the same contents, whatever the back end could do. */
static void *move(struct heap *heap, void *block, size_t size)
{
    void *moved = heap_malloc(heap, size);
    if (!moved)
        return NULL;
    size_t had = heap_usable_size(heap, block);
    __builtin_memcpy(moved, block, had < size ? had : size);
    heap_free(heap, block);
    return moved;
}

void *heap_realloc(struct heap *heap, void *block, size_t size)
{
    if (!block)
        return heap_malloc(heap, size);
    if (size == 0) {
        heap_free(heap, block);
        return NULL;
    }
    if (WATCH_MOVES)
        return size > HEAP_SIZE_MAX ? watch_refused(heap) : move(heap, block, size);
    if (size > HEAP_SIZE_MAX || watch_refuses())
        return watch_refused(heap);
    enter(heap);
    void *moved = watch_realloc(heap, block, size, entered_realloc);
    leave(heap);
    return moved;
}

void *heap_memalign(struct heap *heap, size_t align, size_t size)
{
    if (align <= HEAP_ALIGN)
        return heap_malloc(heap, size);
    if (size > HEAP_SIZE_MAX || align > HEAP_SIZE_MAX || watch_refuses())
        return watch_refused(heap);
    enter(heap);
    void *block = entered_memalign(heap, align, watch_padded(size ? size : 1, align));
    block = watch_made(heap, block, size, align);
    leave(heap);
    return block;
}

void heap_free(struct heap *heap, void *block)
{
    if (!block)
        return;
    enter(heap);
    entered_free(heap, watch_unmade(heap, block));
    leave(heap);
}

size_t heap_usable_size(struct heap *heap, void *block)
{
    if (!block)
        return 0;
    enter(heap);
    size_t size = watch_usable_size(heap, block, heap_block_size);
    leave(heap);
    return size;
}

size_t heap_available(struct heap *heap)
{
    heap_lock(heap);
    size_t size = heap->ops->available(heap);
    heap_unlock(heap);
    return size;
}

size_t heap_largest_free(struct heap *heap)
{
    heap_lock(heap);
    size_t size = heap->ops->largest_free(heap);
    heap_unlock(heap);
    return size;
}

unsigned heap_fragmentation(struct heap *heap)
{
    size_t available = heap_available(heap), largest = heap_largest_free(heap);
    return available > largest ? (unsigned)((available - largest) * 100 / available) : 0;
}

void heap_trim(struct heap *heap)
{
    enter(heap);
    if (heap->ops->trim)
        heap->ops->trim(heap);
    leave(heap);
}

const char *heap_check(struct heap *heap)
{
    heap_lock(heap);
    const char *complaint = heap->ops->check(heap);
    heap_unlock(heap);
    return complaint;
}
