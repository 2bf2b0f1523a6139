/* The heap interface: memory of any size, behind a table of operations.
 *
 * Several heaps of different kinds may live in one image. A back end (firstfit, tlsf, ...) writes only
 * what is natural to it; heap.c fills in the rest from malloc and free. A back end knows no kernel: its
 * locks and its source of pages are operations too, so the same source serves the kernel, a user
 * program and a test on the host. This header includes nothing of the kernel for the same reason.
 *
 * Who may call what, and where from:
 *
 *   - A heap with lock_ops may be used by several threads at once; one without by one at a time.
 *   - No function here sleeps, unless the lock does. With a spin lock, which keeps interrupts off, all
 *     of them may be called from an interrupt handler: so it is with kmalloc, and with malloc in a fused
 *     image. With a lock that sleeps (malloc of a process) they may not be called from a signal handler.
 *   - lock_ops and source are called with the lock held and must not use the heap; `corrupted` neither.
 *   - heap_init is not locked: nobody else knows the heap yet.
 *
 * What most calls need is short: heap_quick_malloc and free through the two pointers in struct heap,
 * for who holds the lock already. All else (growing, no memory, watching) is in heap.c.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAP_ALIGN 16 /* every block is aligned to this, at least */

struct heap;

/* How a heap is protected. */
struct heap_lock_ops {
    void (*lock)(void *arg);
    void (*unlock)(void *arg);
    /* The number of the running hart, below heap->nharts. Only back ends that are `per_hart` ask; who
     * calls a heap of this kind stays on its hart, uninterrupted, until the call returns. NULL: 0. */
    unsigned (*hart)(void *arg);
};

/* Where a heap gets regions when it is full, and gives wholly free ones back. May be absent. */
struct heap_source {
    /* Any of its pages may go back, whichever call they came from: so a back end may join regions that
     * lie side by side, and give back a part of one. */
    bool by_page;
    /* At least `size` bytes, page aligned; the true size, whole pages, goes to *got. NULL: nothing
     * left. Called with the heap locked, like give_back. */
    void *(*take)(void *arg, size_t size, size_t *got);
    /* False: this one cannot go back; the heap keeps it. */
    bool (*give_back)(void *arg, void *region, size_t size);
    void *arg;
};

struct heap_ops {
    const char *name;
    /* Bytes of back-end state that heap_init places at the start of the region. */
    size_t state_size;
    /* Bytes to ask the source for at a time, if they are to be had: so many, or what it has divided
     * by grow_part, if that is more. 0: always the same. */
    size_t grow_by, grow_part;
    void (*init)(struct heap *heap);
    bool (*add_region)(struct heap *heap, void *start, size_t size); /* false: too small */
    /* The size of a fresh region that surely has room for a block of `size` bytes, aligned to `align`. */
    size_t (*region_for)(const struct heap *heap, size_t size, size_t align);
    void *(*malloc)(struct heap *heap, size_t size); /* size <= HEAP_QUICK_MAX; never grows */
    void (*free)(struct heap *heap, void *block);    /* block is not NULL */
    /* Optional; generic code serves when NULL. The generic memalign looks at the 16 bytes in front of
     * a block that is freed: a back end may rely on it if those always belong to the heap. */
    /* Makes a block larger or smaller where it is. False: it stays as it was, and will be copied. */
    bool (*resize)(struct heap *heap, void *block, size_t size);
    void *(*memalign)(struct heap *heap, size_t align, size_t size);
    /* Optional: gives up what is kept for speed only, of the calling hart. */
    void (*trim)(struct heap *heap);
    /* It has a cache for each hart and takes the lock itself, where it must: the functions above, except
     * init and add_region, are called without. */
    bool per_hart;
    /* Facts. */
    size_t (*usable_size)(struct heap *heap, void *block);
    size_t (*available)(struct heap *heap);
    size_t (*largest_free)(struct heap *heap);
    /* NULL when every invariant holds, else a sentence on the first that does not. */
    const char *(*check)(struct heap *heap);
};

#define HEAP_SIZE_MAX  (SIZE_MAX / 4) /* larger requests fail at once; sums of sizes do not wrap */
#define HEAP_QUICK_MAX (SIZE_MAX / 2) /* the limit that is cheapest to see: the sign */

/* Counted when built with HEAP_STATS=1; else all of it stays 0. */
struct heap_stats {
    size_t live_bytes; /* in blocks, as usable */
    size_t live_blocks;
    size_t peak_bytes; /* the most live_bytes ever was */
    size_t requests;   /* blocks ever asked for, and */
    size_t failures;   /* how many of them there were not */
};

struct heap {
    const struct heap_ops *ops; /* NULL: not made yet */
    /* The back end's malloc and free, if nothing has to be done around them; else heap_nothing and
     * heap_free. */
    void *(*quick_malloc)(struct heap *heap, size_t size);
    void (*quick_free)(struct heap *heap, void *block);
    void *state; /* the back end's, of ops->state_size bytes */
    const struct heap_lock_ops *lock_ops;
    void *lock_arg;
    const struct heap_source *source;
    void (*corrupted)(const char *what, void *block); /* double free, wild free, broken header */
    unsigned nharts; /* for back ends that are per_hart; 0 is taken for 1 */
    size_t taken;    /* from the source, and not given back; under the lock, like stats */
    struct heap_stats stats;
    void *site; /* who called last (HEAP_TRACE=1, HEAP_CHECK=1) */
};

/* Makes a heap of kind `ops` on [region, region + size), or, when `region` is NULL, on one from the
 * source. The caller sets lock_ops, lock_arg, source, corrupted and nharts before, or leaves them 0.
 * False: the region is too small, or the source has none. */
bool heap_init(struct heap *heap, const struct heap_ops *ops, void *region, size_t size);

/* Adds memory to a heap that has no source. */
bool heap_add_region(struct heap *heap, void *start, size_t size);

/* As in C: a size of 0 gives a block like any other; NULL: out of memory. */
void *heap_malloc(struct heap *heap, size_t size);
void *heap_calloc(struct heap *heap, size_t count, size_t size);
/* A block of NULL makes it malloc, a size of 0 makes it free. */
void *heap_realloc(struct heap *heap, void *block, size_t size);
/* `align` is a power of two. */
void *heap_memalign(struct heap *heap, size_t align, size_t size);
void heap_free(struct heap *heap, void *block);
size_t heap_usable_size(struct heap *heap, void *block);
size_t heap_available(struct heap *heap);    /* bytes free, without growing */
size_t heap_largest_free(struct heap *heap); /* the largest request that succeeds without growing */
void heap_trim(struct heap *heap);           /* gives up what this hart keeps for speed only */
const char *heap_check(struct heap *heap);

/* Of the free bytes, how many of a hundred are not in the largest free block. */
unsigned heap_fragmentation(struct heap *heap);

/* A block, from one that has locked the heap himself. NULL: ask heap_malloc. A heap that is not made yet
 * has heap_nothing for quick_malloc, which returns NULL. */
void *heap_nothing(struct heap *heap, size_t size);
static inline void *heap_quick_malloc(struct heap *heap, size_t size)
{
    return size <= HEAP_QUICK_MAX ? heap->quick_malloc(heap, size) : NULL;
}

/* For back ends. A wholly free region, or pages of it: does it go back to the source? Not the first,
 * which holds the state. The back end forgets the region if so. */
bool heap_give_back(struct heap *heap, void *region, size_t size);
void heap_corrupted(struct heap *heap, const char *what, void *block) __attribute__((noreturn));

/* For those who watch: the usable size of the back end's block, inside of an operation. */
size_t heap_block_size(struct heap *heap, void *block);

static inline void heap_lock(struct heap *heap)
{
    if (heap->lock_ops)
        heap->lock_ops->lock(heap->lock_arg);
}

static inline void heap_unlock(struct heap *heap)
{
    if (heap->lock_ops)
        heap->lock_ops->unlock(heap->lock_arg);
}

/* The kinds there are; an image holds those that it names. */
extern const struct heap_ops heap_bump;     /* hands out, takes back only the last: for start-up */
extern const struct heap_ops heap_firstfit; /* one list: the smallest code */
extern const struct heap_ops heap_buddy;    /* powers of two */
extern const struct heap_ops heap_tlsf;     /* good fit in bounded time */
extern const struct heap_ops heap_slab;     /* classes of sizes, a cache for each hart */
