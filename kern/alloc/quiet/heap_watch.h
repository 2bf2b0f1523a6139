/* Nobody watches the heaps of this image: blocks are just what the back end gives. The other header of
 * this name, in kern/alloc/watched/, says what each function is for. */
#pragma once
#include "kern/alloc/heap.h"

#define WATCH_ALL    0 /* does every call pass by here? */
#define WATCH_MOVES  0
#define WATCH_INLINE static inline __attribute__((always_inline))

typedef void *watch_resizer(struct heap *heap, void *block, size_t size);
typedef size_t watch_measurer(struct heap *heap, void *block);

WATCH_INLINE size_t watch_padded(size_t size, size_t align)
{
    (void)align;
    return size;
}

WATCH_INLINE void *watch_made(struct heap *heap, void *block, size_t size, size_t align)
{
    (void)heap, (void)size, (void)align;
    return block;
}

WATCH_INLINE bool watch_refuses(void)
{
    return false;
}

WATCH_INLINE void *watch_refused(struct heap *heap)
{
    (void)heap;
    return NULL;
}

WATCH_INLINE void *watch_unmade(struct heap *heap, void *user)
{
    (void)heap;
    return user;
}

WATCH_INLINE void *watch_realloc(struct heap *heap, void *user, size_t size, watch_resizer *resize)
{
    return resize(heap, user, size);
}

WATCH_INLINE size_t watch_usable_size(struct heap *heap, void *user, watch_measurer *usable_size)
{
    return usable_size(heap, user);
}

WATCH_INLINE void watch_region(struct heap *heap, void *start, size_t size, bool taken)
{
    (void)heap, (void)start, (void)size, (void)taken;
}

WATCH_INLINE void watch_site(struct heap *heap, void *caller)
{
    (void)heap, (void)caller;
}
