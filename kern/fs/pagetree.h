/* A sparse array of pages: the contents of a ramfs file.
 *
 *      levels 0          levels 1                    levels 2
 *
 *      root              root                        root
 *       |                 |                           |
 *      page 0           table [0 1 2 . . . 511]     table [0 1 . . . 511]
 *                              | |                         | |
 *                         page 0 page 1               table  table
 *                                                      |      |
 *                                                 page 0..511  page 512..1023
 *
 * Tables are pages of 512 pointers. NULL anywhere is a hole. The tree grows a level at the top when a
 * page is wanted that it cannot reach. No lock of its own.
 */
#pragma once
#include "kern/core/util.h"

#define PAGETREE_MAX_LEVELS 4
#define PAGETREE_MAX_PAGES  (1UL << (9 * PAGETREE_MAX_LEVELS))

struct pagetree {
    void *root;
    unsigned levels;
};

/* The page, or NULL: a hole. */
void *pagetree_find(const struct pagetree *tree, size_t index);
/* Where the pointer to the page is kept, to be set by the caller; index < PAGETREE_MAX_PAGES. NULL:
 * out of memory. */
void **pagetree_slot(struct pagetree *tree, size_t index);
/* Frees the pages from `keep` on; how many there were. */
size_t pagetree_trim(struct pagetree *tree, size_t keep);
