/* The nine names of malloc, over one heap.
 *
 * Included once in an image, by the file that says where the heap's memory comes from and how it is
 * locked: lib/alloc/process.c for a process, kern/libos/malloc.c for a fused image. That file defines
 *
 *     static struct heap program_heap;                   its memory, its lock
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

static bool heap_is_made; /* the heap is made when it is first wanted */

static inline bool heap_is_there(void)
{
    return __builtin_expect(__atomic_load_n(&heap_is_made, __ATOMIC_ACQUIRE), 1) ||
           (heap_is_made = heap_make());
}

static inline void *enter_and_malloc(size_t size, void *caller)
{
    unsigned long before = heap_enter();
    watch_site(&program_heap, caller);
    void *block = heap_is_there() ? heap_malloc(&program_heap, size) : NULL;
    heap_leave(before);
    return block;
}

static void *enter_and_memalign(size_t align, size_t size, void *caller)
{
    unsigned long before = heap_enter();
    watch_site(&program_heap, caller);
    void *block = heap_is_there() ? heap_memalign(&program_heap, align, size) : NULL;
    heap_leave(before);
    return block;
}

static bool is_power_of_two(size_t x)
{
    return x && (x & (x - 1)) == 0;
}

void *malloc(size_t size)
{
    return checked(enter_and_malloc(size, CALLER));
}

void free(void *block)
{
    if (!block)
        return;
    unsigned long before = heap_enter();
    watch_site(&program_heap, CALLER);
    heap_free(&program_heap, block);
    heap_leave(before);
}

void *calloc(size_t count, size_t size)
{
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        return checked(NULL);
    void *block = checked(enter_and_malloc(total, CALLER));
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
        return checked(enter_and_malloc(size, CALLER));
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
