/* malloc of a process: a heap over brk and mmap.
 *
 * Small regions come from brk, one behind the other; large ones are mappings of their own, and go back
 * when they are free. A process whose heap is large gets larger regions: there are never many.
 *
 * One lock guards the heap: a process does not know on which hart it runs, so a back end with a cache
 * for each hart has one here, and it is under the lock like all the rest.
 */
#include "kern/alloc/heap.h"
#include "lib/futex.h"

#include <onering/syscalls.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    PAGE_BYTES = 4096,
    LARGE = 128 * 1024, /* from here on a region is a mapping */
    SHARE = 8,          /* the heap grows by this part of what it has, if it can */
    READ_WRITE = 3,
    PRIVATE_ANONYMOUS = 0x22,
    SIGABRT = 6,
    STDERR = 2,
};

/* Guarded by the lock: the end of brk as we left it, and where our part of it begins. */
static uintptr_t brk_start, brk_end;
static size_t taken;

static bool is_error(long result)
{
    return (unsigned long)result > -4096UL;
}

static void *take_by_brk(size_t size)
{
    uintptr_t now = (uintptr_t)sys_brk(0), start = (now + PAGE_BYTES - 1) & -(uintptr_t)PAGE_BYTES;
    if (now != brk_end)
        brk_start = start; /* somebody else moved it: what we had before does not go back */
    if ((uintptr_t)sys_brk(start + size) != start + size)
        return NULL;
    brk_end = start + size;
    return (void *)start;
}

static void *take_by_mmap(size_t size)
{
    long result = sys_mmap(NULL, size, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0);
    return is_error(result) ? NULL : (void *)result;
}

static void *take_exactly(size_t size)
{
    void *region = size < LARGE ? take_by_brk(size) : NULL;
    return region ? region : take_by_mmap(size);
}

static void *take(void *unused, size_t size, size_t *got)
{
    (void)unused;
    size = (size + PAGE_BYTES - 1) & -(size_t)PAGE_BYTES;
    *got = (taken / SHARE) & -(size_t)PAGE_BYTES;
    void *region = *got > size ? take_exactly(*got) : NULL;
    if (!region) {
        *got = size;
        region = take_exactly(size);
    }
    if (region)
        taken += *got;
    return region;
}

static bool give_back(void *unused, void *region, size_t size)
{
    (void)unused;
    uintptr_t start = (uintptr_t)region;
    if (start < brk_start || start >= brk_end) {
        if (is_error(sys_munmap(region, size)))
            return false;
    } else if (start + size != brk_end || (uintptr_t)sys_brk(start) != start) {
        return false;
    } else {
        brk_end = start;
    }
    taken -= size;
    return true;
}

/* Says so without printf, which might want memory. */
static void corrupted(const char *what, void *block)
{
    char line[160] = "malloc: block 0x";
    size_t n = __builtin_strlen(line);
    for (int shift = 60; shift >= 0; shift -= 4)
        line[n++] = "0123456789abcdef"[(uintptr_t)block >> shift & 15];
    line[n++] = ':';
    line[n++] = ' ';
    while (*what && n < sizeof(line) - 1)
        line[n++] = *what++;
    line[n++] = '\n';
    sys_write(STDERR, line, n);
    sys_kill((int)sys_getpid(), SIGABRT);
}

static const struct heap_source source = {.by_page = true, .take = take, .give_back = give_back};
static struct heap program_heap = {
    .quick_malloc = heap_nothing, .source = &source, .corrupted = corrupted};
static int lock; /* guards it, and all above */

static inline unsigned long heap_enter(void)
{
    futex_lock(&lock);
    return 0;
}

static inline void heap_leave(unsigned long nothing)
{
    (void)nothing;
    futex_unlock(&lock);
}

static bool heap_make(void)
{
    extern const struct heap_ops *const program_heap_ops;
    return heap_init(&program_heap, program_heap_ops, NULL, 0);
}

#include "lib/alloc/names.h"
