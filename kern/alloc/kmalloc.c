/* The kernel's heap: the back end this image was linked with, over the page allocator. */
#include "kern/alloc/kmalloc.h"
#include "kern/core/boot.h"
#include "kern/core/init.h"
#include "kern/core/panic.h"
#include "kern/core/string.h"
#include "kern/mem/pages.h"
#include "kern/sched/heap_lock.h"
#include "kern/sched/spinlock.h"
#include "heap_watch.h"

/* Guards the heap. The heap could call lock operations, but a lock taken here is inlined. The page
 * allocator's lock is taken while it is held. */
static struct spinlock kernel_heap_lock = SPINLOCK_INIT;

static void *take_pages(void *unused, size_t size, size_t *got)
{
    (void)unused;
    *got = PAGE_UP(size);
    return pages_alloc(*got / PAGE_SIZE);
}

static bool give_pages_back(void *unused, void *region, size_t size)
{
    (void)unused;
    pages_free(region, size / PAGE_SIZE);
    return true;
}

static void corrupted(const char *what, void *block)
{
    panic("kernel heap: block %p: %s", block, what);
}

static const struct heap_source page_source = {
    .by_page = true, .take = take_pages, .give_back = give_pages_back};

static struct heap kernel_heap = {
    .source = &page_source,
    .corrupted = corrupted,
};

/* Interrupts are off from here to leave(), and the heap is ours if it needs to be: one with a cache for
 * each hart locks for itself, rarely. */
static inline bool enter(void)
{
    bool irqs_were_on = irq_save();
    if (!kernel_heap.lock_ops)
        spin_acquire(&kernel_heap_lock);
    return irqs_were_on;
}

static inline void leave(bool irqs_were_on)
{
    if (!kernel_heap.lock_ops)
        spin_release(&kernel_heap_lock);
    irq_restore(irqs_were_on);
}

/* --- the interface --- */

static void kheap_init(void)
{
    if (kernel_heap_ops->per_hart) {
        kernel_heap.lock_ops = &heap_spin_ops;
        kernel_heap.lock_arg = &kernel_heap_lock;
        kernel_heap.nharts = HARTS;
    }
    if (!heap_init(&kernel_heap, kernel_heap_ops, NULL, 0))
        boot_out_of_memory("the kernel heap");
}

INIT_ENTRY(INIT_HEAP, kheap_init);

static void *allocate(size_t size, void *caller)
{
    INIT_NEEDS(kheap_init);
    assert(kernel_heap.ops); /* not before INIT_HEAP */
    watch_site(&kernel_heap, caller);
    bool irqs_were_on = enter();
    void *block = heap_quick_malloc(&kernel_heap, size);
    if (unlikely(!block))
        block = heap_malloc(&kernel_heap, size);
    leave(irqs_were_on);
    return block;
}

void *kmalloc(size_t size)
{
    return allocate(size, __builtin_return_address(0));
}

void *kzalloc(size_t size)
{
    void *block = allocate(size, __builtin_return_address(0));
    if (block)
        memset(block, 0, size);
    return block;
}

void kfree(void *block)
{
    INIT_NEEDS(kheap_init);
    if (!block)
        return;
    watch_site(&kernel_heap, __builtin_return_address(0));
    bool irqs_were_on = enter();
    kernel_heap.quick_free(&kernel_heap, block);
    leave(irqs_were_on);
}
