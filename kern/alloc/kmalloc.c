/* The kernel's heap: the back end this image was linked with, over the page allocator. */
#include "kern/alloc/kmalloc.h"
#include "kern/alloc/heap.h"
#include "kern/core/init.h"
#include "kern/core/panic.h"
#include "kern/core/string.h"
#include "kern/mem/pages.h"
#include "kern/sched/spinlock.h"

#define GROW_PAGES 4 /* the heap asks for so many at a time, if they are to be had */

/* Guards the heap. The heap could call lock operations, but a lock taken here is inlined. The page
 * allocator's lock is taken while it is held. */
static struct spinlock heap_lock = SPINLOCK_INIT;

static void *take_pages(void *unused, size_t size, size_t *got)
{
    (void)unused;
    size_t needed = PAGE_UP(size) / PAGE_SIZE;
    size_t npages = MAX(needed, (size_t)GROW_PAGES);
    void *region = pages_alloc(npages);
    if (!region && needed < npages) {
        npages = needed;
        region = pages_alloc(npages);
    }
    *got = npages * PAGE_SIZE;
    return region;
}

static void give_pages_back(void *unused, void *region, size_t size)
{
    (void)unused;
    pages_free(region, size / PAGE_SIZE);
}

static void corrupted(const char *what, void *block)
{
    panic("kernel heap: block %p: %s", block, what);
}

static const struct heap_source page_source = {take_pages, give_pages_back, NULL};

static struct heap kernel_heap = {
    .source = &page_source,
    .corrupted = corrupted,
};

static void kheap_init(void)
{
    if (!heap_init(&kernel_heap, kernel_heap_ops, NULL, 0))
        panic("no memory for the kernel heap");
}

INIT_ENTRY(INIT_HEAP, kheap_init);

void *kmalloc(size_t size)
{
    INIT_NEEDS(kheap_init);
    assert(kernel_heap.ops); /* not before INIT_HEAP */
    spin_lock(&heap_lock);
    void *block = heap_malloc(&kernel_heap, size);
    spin_unlock(&heap_lock);
    return block;
}

void *kzalloc(size_t size)
{
    void *block = kmalloc(size);
    if (block)
        memset(block, 0, size);
    return block;
}

void kfree(void *block)
{
    INIT_NEEDS(kheap_init);
    spin_lock(&heap_lock);
    heap_free(&kernel_heap, block);
    spin_unlock(&heap_lock);
}
