/* The nine names of malloc, over one heap.
 *
 * Included once in an image, by the file that says where the heap's memory comes from and how it is
 * locked: lib/alloc/process.c for a process, kern/libos/malloc.c for a fused image. That file defines
 *
 *     static struct heap program_heap;                   its memory, its lock; quick_malloc: heap_nothing
 *     static inline unsigned long heap_enter(void);      locks it
 *     static inline void heap_leave(unsigned long);      unlocks it, with what heap_enter returned
 *     static bool heap_make(void);                       heap_init, in between; false: no memory
 *
 * All nine are in one object: whoever takes one of them gets all, and a C library's own, if it has any,
 * is never linked. ALLOC= says of what kind the heap is; see program_heap_ops.
 */
#pragma once
#include "kern/alloc/heap.h"
#include "kern/sys/errno.h"
#include "heap_watch.h"

extern const struct heap_ops *const program_heap_ops; /* made by the build */

int *__errno_location(void);

void *malloc(size_t size);
void free(void *block);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);
void *reallocarray(void *block, size_t count, size_t size);
void *memalign(size_t align, size_t size);
void *aligned_alloc(size_t align, size_t size);
int posix_memalign(void **block, size_t align, size_t size);
size_t malloc_usable_size(void *block);

#define CALLER __builtin_return_address(0)

static void *checked(void *block)
{
    if (!block)
        *__errno_location() = ENOMEM;
    return block;
}

/* What malloc is not every time: the heap is made when it is first wanted, it grows, or it is full. */
static __attribute__((noinline)) void *malloc_slowly(size_t size)
{
    bool is_made = program_heap.ops || heap_make();
    return checked(is_made ? heap_malloc(&program_heap, size) : NULL);
}

static inline void *enter_and_malloc(size_t size, void *caller)
{
    unsigned long before = heap_enter();
    watch_site(&program_heap, caller);
    void *block = heap_quick_malloc(&program_heap, size);
    if (__builtin_expect(!block, 0))
        block = malloc_slowly(size);
    heap_leave(before);
    return block;
}

static void *enter_and_memalign(size_t align, size_t size, void *caller)
{
    unsigned long before = heap_enter();
    watch_site(&program_heap, caller);
    bool is_made = program_heap.ops || heap_make();
    void *block = is_made ? heap_memalign(&program_heap, align, size) : NULL;
    heap_leave(before);
    return block;
}

static bool is_power_of_two(size_t x)
{
    return x && (x & (x - 1)) == 0;
}

void *malloc(size_t size)
{
    return enter_and_malloc(size, CALLER);
}

void free(void *block)
{
    if (!block)
        return;
    unsigned long before = heap_enter();
    watch_site(&program_heap, CALLER);
    program_heap.quick_free(&program_heap, block);
    heap_leave(before);
}

void *calloc(size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        return checked(NULL);
    void *block = enter_and_malloc(total, CALLER);
    if (block)
        __builtin_memset(block, 0, total);
    return block;
}

/* A size of 0 asks for the smallest block, as for malloc: NULL would mean that there is no memory. */
void *realloc(void *block, size_t size)
{
    if (size == 0)
        size = 1;
    if (!block)
        return enter_and_malloc(size, CALLER);
    unsigned long before = heap_enter();
    watch_site(&program_heap, CALLER);
    block = heap_realloc(&program_heap, block, size);
    heap_leave(before);
    return checked(block);
}

void *reallocarray(void *block, size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        return checked(NULL);
    return realloc(block, total);
}

void *memalign(size_t align, size_t size)
{
    if (!is_power_of_two(align)) {
        *__errno_location() = EINVAL;
        return NULL;
    }
    return checked(enter_and_memalign(align, size, CALLER));
}

void *aligned_alloc(size_t align, size_t size)
{
    return memalign(align, size);
}

int posix_memalign(void **block, size_t align, size_t size)
{
    if (!is_power_of_two(align) || align % sizeof(void *) != 0)
        return EINVAL;
    void *aligned = enter_and_memalign(align, size, CALLER);
    if (!aligned)
        return ENOMEM;
    *block = aligned;
    return 0;
}

size_t malloc_usable_size(void *block)
{
    if (!block)
        return 0;
    unsigned long before = heap_enter();
    size_t size = heap_usable_size(&program_heap, block);
    heap_leave(before);
    return size;
}

/* Names by which musl calls its own from inside. */
void *__libc_malloc(size_t size) __attribute__((alias("malloc")));
void *__libc_calloc(size_t count, size_t size) __attribute__((alias("calloc")));
void *__libc_realloc(void *block, size_t size) __attribute__((alias("realloc")));
void __libc_free(void *block) __attribute__((alias("free")));

#if HEAP_STATS
#include "lib/alloc/report.h"
#endif
