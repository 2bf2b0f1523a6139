/* What stands between the heap interface and the back end when heaps are watched. heap.c, and who calls
 * it from outside, tells what happens; kern/alloc/watch.c counts (HEAP_STATS=1), puts guards around
 * blocks (HEAP_CHECK=1), writes a trace (HEAP_TRACE=1) and lets a request fail (HEAP_FAIL=n). Built without all of these, the header of the
 * same name in kern/alloc/quiet/ is found instead, and nothing of it is left.
 */
#pragma once
#include "kern/alloc/heap.h"

#define WATCH_ALL 1 /* every call passes by here */

/* With guards a block always moves: old addresses kept by mistake show. */
#define WATCH_MOVES HEAP_CHECK

/* What to ask the back end for, when the user wants so much. */
size_t watch_padded(size_t size, size_t align);

/* The back end gave this block (NULL: none); returns what the user gets. */
void *watch_made(struct heap *heap, void *block, size_t size, size_t align);

/* The user frees this; returns the back end's block. Ends the program if it is none. */
void *watch_unmade(struct heap *heap, void *user);

/* Is this the request that is to fail (HEAP_FAIL)? Asked once for each. */
bool watch_refuses(void);

/* A request that cannot be met; returns NULL. */
void *watch_refused(struct heap *heap);

/* A block became another, by `resize`, which is heap.c's. */
typedef void *watch_resizer(struct heap *heap, void *block, size_t size);
void *watch_realloc(struct heap *heap, void *user, size_t size, watch_resizer *resize);

typedef size_t watch_measurer(struct heap *heap, void *block);
size_t watch_usable_size(struct heap *heap, void *user, watch_measurer *usable_size);

/* The heap has a region more (`taken`), or has given one back. Lock held. */
void watch_region(struct heap *heap, void *start, size_t size, bool taken);

/* Who will use the heap next. */
static inline void watch_site(struct heap *heap, void *caller)
{
    heap->site = caller;
}
