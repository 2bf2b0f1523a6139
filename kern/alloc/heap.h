/* The heap interface: memory of any size, behind a table of operations.
 *
 * Several heaps of different kinds may live in one image. A back end (firstfit, ...) writes only what
 * is natural to it; heap.c fills in the rest from malloc and free. A back end knows no kernel: its
 * locks and its source of pages are operations too, so the same object serves the kernel, a user
 * program and a test on the host. This header includes nothing of the kernel for the same reason.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEAP_ALIGN 16 /* every block is aligned to this, at least */

struct heap;

/* How a heap is protected; a heap without is used by one thread only. */
struct heap_lock_ops {
    void (*lock)(void *arg);
    void (*unlock)(void *arg);
};

/* Where a heap gets regions when it is full, and gives wholly free ones back. May be absent. */
struct heap_source {
    /* At least `size` bytes, page aligned; the true size, whole pages, goes to *got. NULL: nothing
     * left. Called with the heap locked, like give_back. */
    void *(*take)(void *arg, size_t size, size_t *got);
    void (*give_back)(void *arg, void *region, size_t size);
    void *arg;
};

struct heap_ops {
    const char *name;
    size_t
        state_size; /* bytes of back-end state that heap_init places at the start of the region */
    void (*init)(struct heap *heap);
    bool (*add_region)(struct heap *heap, void *start, size_t size); /* false: too small */
    /* The size of a fresh region that surely has room for a block of `size` bytes. */
    size_t (*region_for)(size_t size);
    void *(*malloc)(struct heap *heap, size_t size); /* 0 < size <= HEAP_SIZE_MAX; never grows */
    void (*free)(struct heap *heap, void *block);    /* block is not NULL */
    /* Optional; generic code serves when NULL. The generic memalign looks at the 16 bytes in front of
     * a block that is freed: a back end may rely on it if those always belong to the heap. */
    void *(*realloc)(struct heap *heap, void *block, size_t size);
    void *(*memalign)(struct heap *heap, size_t align, size_t size);
    /* Facts. */
    size_t (*usable_size)(struct heap *heap, void *block);
    size_t (*available)(struct heap *heap);
    size_t (*largest_free)(struct heap *heap);
    /* NULL when every invariant holds, else a sentence on the first that does not. */
    const char *(*check)(struct heap *heap);
};

#define HEAP_SIZE_MAX (SIZE_MAX / 4) /* larger requests fail at once; sums of sizes do not wrap */

struct heap {
    const struct heap_ops *ops;
    void *state; /* the back end's, of ops->state_size bytes */
    const struct heap_lock_ops *lock_ops;
    void *lock_arg;
    const struct heap_source *source;
    void (*corrupted)(const char *what, void *block); /* double free, wild free, broken header */
};

/* Makes a heap of kind `ops` on [region, region + size), or, when `region` is NULL, on one from the
 * source. The caller sets lock_ops, lock_arg, source and corrupted before, or leaves them NULL. False:
 * the region is too small, or the source has none. */
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
const char *heap_check(struct heap *heap);

/* For back ends. A wholly free region: does it go back to the source? Not the first, which holds the
 * state. The back end forgets the region if so. */
bool heap_give_back(struct heap *heap, void *region, size_t size);
void heap_corrupted(struct heap *heap, const char *what, void *block) __attribute__((noreturn));

extern const struct heap_ops heap_firstfit;
