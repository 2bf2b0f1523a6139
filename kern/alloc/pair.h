/* Two heaps behind one malloc: what a program allocates while it starts, it mostly keeps for ever; only
 * what comes afterwards needs a heap that can take back. */
#pragma once
#include "kern/alloc/heap.h"

struct heap_pair {
    struct heap startup; /* bump, in the program's own memory: [from, to) */
    struct heap later;   /* tlsf, over the source; until something is asked of it ops is NULL, and
                          * nothing else of it is set: heap_init does that */
    char *from, *to;
    bool started; /* start-up is over */
};

/* Makes the heap for start-up in [region, region + size). The other one is not made yet, and not a page
 * is taken from `source`. False: the region is too small. */
bool pair_init(struct heap_pair *pair, void *region, size_t size, const struct heap_source *source,
               void (*corrupted)(const char *what, void *block));

/* Start-up is over. Costs nothing: the other heap is made by the first block it is asked for. */
void pair_started(struct heap_pair *pair);

/* As malloc, free and realloc of C. During start-up blocks come from the region as long as it has room,
 * else, and afterwards always, from the other heap. A block goes back to the heap it came from.
 *
 * realloc of NULL is malloc. To 0 bytes it is free, and returns NULL. A block of the region that has room
 * for so many bytes (heap_usable_size) stays where it is. One that has not moves to where malloc would put
 * it now: what it had is copied, and no byte from behind it, and its old place is freed. */
void *pair_malloc(struct heap_pair *pair, size_t size);
void pair_free(struct heap_pair *pair, void *block);
void *pair_realloc(struct heap_pair *pair, void *block, size_t size);
