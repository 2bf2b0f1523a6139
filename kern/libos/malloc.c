/* malloc of a fused image: a heap over the page allocator.
 *
 * Its lock is a spin lock, which keeps interrupts off, so malloc may be called anywhere: by threads on
 * all harts, and by an interrupt handler. A heap with a cache for each hart is not locked here.
 */
#include "kern/alloc/heap.h"
#include "kern/core/panic.h"
#include "kern/mem/pages.h"
#include "kern/sched/spinlock.h"

/* The page allocator's is taken while it is held. */
static struct spinlock malloc_lock = SPINLOCK_INIT;

#define SHARE 8 /* the heap grows by this part of what it has, if it can */
static size_t taken;

static void *take_pages(void *unused, size_t size, size_t *got)
{
    (void)unused;
    size_t needed = PAGE_UP(size) / PAGE_SIZE, npages = MAX(needed, taken / PAGE_SIZE / SHARE);
    void *region = pages_alloc(npages);
    if (!region && npages > needed) {
        npages = needed;
        region = pages_alloc(npages);
    }
    *got = npages * PAGE_SIZE;
    if (region)
        taken += *got;
    return region;
}

static bool give_pages_back(void *unused, void *region, size_t size)
{
    (void)unused;
    pages_free(region, size / PAGE_SIZE);
    taken -= size;
    return true;
}

static void corrupted(const char *what, void *block)
{
    panic("malloc: block %p: %s", block, what);
}

static const struct heap_source source = {take_pages, give_pages_back, NULL};

static void lock(void *unused)
{
    (void)unused;
    spin_lock(&malloc_lock);
}

static void unlock(void *unused)
{
    (void)unused;
    spin_unlock(&malloc_lock);
}

static unsigned hart(void *unused)
{
    (void)unused;
    return this_hart()->index;
}

static const struct heap_lock_ops lock_ops = {lock, unlock, hart};

static struct heap program_heap = {.source = &source, .corrupted = corrupted};

extern const struct heap_ops *const program_heap_ops; /* made by the build */

/* A heap with a cache for each hart locks for itself, where it must; it needs from us that the hart
 * stays the same. The heap could call lock operations in any case, but a lock taken here is inlined. */
static inline unsigned long heap_enter(void)
{
    bool irqs_were_on = irq_save();
    if (HARTS > 1 && !program_heap_ops->per_hart)
        spin_acquire(&malloc_lock);
    return irqs_were_on;
}

static inline void heap_leave(unsigned long irqs_were_on)
{
    if (HARTS > 1 && !program_heap_ops->per_hart)
        spin_release(&malloc_lock);
    irq_restore(irqs_were_on);
}

/* Several harts may come here at once, if the heap is one that locks for itself. */
static bool heap_make(void)
{
    static bool made;
    if (!program_heap_ops->per_hart)
        return heap_init(&program_heap, program_heap_ops, NULL, 0);
    spin_lock(&malloc_lock);
    if (!made) {
        program_heap.nharts = HARTS;
        made = heap_init(&program_heap, program_heap_ops, NULL, 0);
        program_heap.lock_ops = &lock_ops; /* from now on: here the lock is held already */
    }
    spin_unlock(&malloc_lock);
    return made;
}

#include "lib/alloc/names.h"
