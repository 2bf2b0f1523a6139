/* Boundary tags: how firstfit and tlsf lay out a region. They differ in how they find a free block.
 *
 * A region is a row of blocks, used and free, between a header and a closing block:
 *
 *     +--------+-----------+------+-----------+------+-----+
 *     | region |   used    | free |   used    | used | end |
 *     +--------+-----------+------+-----------+------+-----+
 *
 *     block -> +-----------+-------------+
 *              | prev_size | size, marks |   prev_size: only if the block before is free
 *     user  -> +-----------+-------------+
 *              | next      | link (free) |   else the user's bytes begin here
 *              | ...                     |
 *              +-----------+-------------+ <- the next block; a used block's bytes
 *              | prev_size |                 reach into its prev_size
 *
 * Knuth's boundary tags: each block knows its size and whether the one before is free, and a free
 * block's size also stands at its end; so a block that is freed joins both neighbours at once. There
 * are never two free blocks side by side.
 *
 * The marks of a used block bear a tag. Freeing removes it, which unmasks double and wild frees.
 * Size and marks are 32 bits each, read by an instruction each: no bits have to be masked. It limits
 * a region to 4 GiB.
 */
#pragma once
#include "kern/alloc/heap.h"

#define USED      0x80000000u /* this block: the sign, when read as a signed number */
#define TAG       0xa10c4000u /* in used blocks; with USED */
#define PREV_USED 1u          /* the block before, or there is none */
#define FIRST     2u          /* of its region */

#define SIZE_LOG 32 /* of no block and no region is the size 2^this */
#define SIZE_END (1UL << SIZE_LOG)

struct block {
    size_t prev_size;
    uint32_t size; /* a multiple of 16 */
    uint32_t marks;
    struct block *next; /* free: the list of free blocks, of either kind: */
    union {
        struct block *prev; /* the block before in the list, or */
        struct block *
            *link; /* the place of the pointer to this one: a `next`, or the list's head */
    };
};

#define BLOCK_HEADER offsetof(struct block, next)
#define BLOCK_COST   sizeof(size_t) /* what a used block takes beside the user's bytes */
#define BLOCK_MIN    sizeof(struct block)
#define END_SIZE     BLOCK_HEADER

struct region {
    struct region *next, *prev;
    size_t size;
    size_t unused; /* the first block shall be aligned */
};

static inline size_t size_of(const struct block *block)
{
    return block->size;
}

static inline struct block *block_at(void *base, size_t offset)
{
    return (struct block *)((char *)base + offset);
}

static inline struct block *block_after(struct block *block)
{
    return block_at(block, block->size);
}

static inline void *user_of(struct block *block)
{
    return (char *)block + BLOCK_HEADER;
}

static inline bool is_used(const struct block *block)
{
    return block->marks & USED;
}

/* A block that closes a region: used, but without a tag. */
static inline bool is_end(const struct block *block)
{
    return block->size == 0;
}

/* The block for so many bytes of the user's. */
static inline size_t size_for(size_t user_size)
{
    size_t size = (user_size + BLOCK_COST + HEAP_ALIGN - 1) & ~(HEAP_ALIGN - 1UL);
    return size < BLOCK_MIN ? BLOCK_MIN : size;
}

/* Makes a free block of it. Nothing before it is free, else they would be one. */
static inline void set_free(struct block *block, size_t size, uint32_t first)
{
    block->size = (uint32_t)size;
    block->marks = PREV_USED | first;
    block_at(block, size)->prev_size = size;
}

/* The used block that the user calls `user`; anything else ends the program. */
static inline __attribute__((always_inline)) struct block *used_block(struct heap *heap, void *user)
{
    struct block *block = block_at(user, -BLOCK_HEADER);
    if ((uintptr_t)user % HEAP_ALIGN != 0 || (block->marks & ~(PREV_USED | FIRST)) != TAG)
        heap_corrupted(heap, "freed twice, or not the address of a block", user);
    if (!(block_after(block)->marks & PREV_USED))
        heap_corrupted(heap, "what surrounds the block is damaged", user);
    return block;
}

/* Makes a region of [start, start + size): one free block, which is returned, before a closing one.
 * NULL: too small. What is more than a region can hold stays unused. */
struct block *region_lay_out(void *start, size_t size);

static inline void *region_end(struct region *region)
{
    return (char *)region + region->size;
}

/* Writes the closing block: `marks` says whether the block before it is in use. */
static inline void close_region(struct block *end, uint32_t marks)
{
    end->size = 0;
    end->marks = USED | marks;
}

/* A list of regions. Its head is a region that has no blocks. */
void region_list_init(struct region *list);
void region_link(struct region *list, struct block *first_block);

/* A wholly free region: takes it off its list if it goes back to the source. */
bool region_give_back(struct heap *heap, struct region *region);

/* NULL if the tags of all regions agree with each other; counts the free blocks and their bytes. */
const char *regions_check(struct region *list, size_t *nfree, size_t *available);

/* The smallest region with room for a block of `size` bytes. */
static inline size_t region_size_for(size_t size)
{
    return sizeof(struct region) + size_for(size) + END_SIZE;
}
