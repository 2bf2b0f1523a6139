/* Runs of pages, for back ends that work on pages: taken, given back and joined with their neighbours.
 *
 * A region keeps a tag for each page. Those of the first and of the last page of a run say how long it
 * is and of what kind, so that free runs join when pages come back: boundary tags (tags_impl.h), but
 * beside the memory.
 *
 *     region:  | header, reserved, tags | page | page | page | ...
 *
 * Free runs are on one list; the first that is large enough serves.
 */
#pragma once
#include "kern/alloc/heap.h"

#define PAGE 4096UL

/* Kinds of runs. */
enum {
    FREE = 1,
    LARGE = 2, /* a block of the user's */
    SLAB = 3,
};

struct region;

struct run { /* in the first of a run of free pages */
    struct run *next, *prev;
    struct region *region;
};

struct runs {
    struct run free; /* head of the list of free runs */
    struct region *regions;
};

void runs_init(struct runs *runs);

/* Adds a region, of which `reserved` bytes are left to the caller: returns their address, aligned to
 * HEAP_ALIGN. NULL: it is too small. */
void *runs_add(struct runs *runs, void *memory, size_t size, size_t reserved);

/* The size of a region in which surely so many pages are free, beside what is reserved. */
size_t runs_region_for(size_t npages, size_t align);

/* So many pages, at a multiple of `align`, which is at least PAGE; NULL: nowhere. */
void *run_take(struct runs *runs, size_t npages, size_t align, unsigned kind);

/* Gives back the run that begins here. A region that is wholly free returns to the heap's source. */
void run_give(struct heap *heap, struct runs *runs, void *first_page);

/* How many pages the run of this kind has that begins here; 0: there is none. */
size_t run_npages(const struct runs *runs, const void *first_page, unsigned kind);

size_t runs_available(const struct runs *runs); /* free pages */
size_t runs_largest(const struct runs *runs);   /* pages of the largest free run */
const char *runs_check(const struct runs *runs);
