/* An image of the course: one heap, of the kind that ALLOC= says, and a script that uses it
 * (replay/replay.h). No address spaces, no processes; the kernel's own heap is another one. */
#include "kern/core/boot.h"
#include "kern/images/replay/replay.h"

extern const struct heap_ops *const program_heap_ops; /* ALLOC= */

static struct heap heap = {.source = &arena_source, .corrupted = arena_corrupted};

static bool init(void)
{
    return heap_init(&heap, program_heap_ops, NULL, 0);
}

static void *get(size_t size)
{
    return heap_malloc(&heap, size);
}

static void *get_aligned(size_t align, size_t size)
{
    return heap_memalign(&heap, align, size);
}

static void *change(void *block, size_t size)
{
    return heap_realloc(&heap, block, size);
}

static void release(void *block)
{
    heap_free(&heap, block);
}

static size_t available(void)
{
    return heap_available(&heap);
}

static size_t largest(void)
{
    return heap_largest_free(&heap);
}

static const char *check(void)
{
    return heap_check(&heap);
}

void image_main(void)
{
    static const struct subject subject = {
        .init = init,
        .malloc = get,
        .memalign = get_aligned,
        .realloc = change,
        .free = release,
        .available = available,
        .largest = largest,
        .check = check,
    };
    replay("heaps", &subject);
}
