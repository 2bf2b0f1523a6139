/* malloc of a fused image: a heap over the page allocator.
 *
 * Its lock is a spin lock, which keeps interrupts off, so malloc may be called anywhere: by threads on
 * all harts, and by an interrupt handler. A heap with a cache for each hart is not locked here.
 */
#include "kern/sched/heap_lock.h"
#include "kern/core/panic.h"
#include "kern/mem/pages.h"
#include "kern/sched/spinlock.h"

/* The page allocator's is taken while it is held. */
static struct spinlock malloc_lock = SPINLOCK_INIT;

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
    panic("malloc: block %p: %s", block, what);
}

static const struct heap_source source = {
    .by_page = true, .take = take_pages, .give_back = give_pages_back};

static struct heap program_heap = {
    .quick_malloc = heap_nothing, .source = &source, .corrupted = corrupted};

extern const struct heap_ops *const program_heap_ops; /* made by the build */

/* On one hart it is enough that nothing interrupts us. On several, a heap with a cache for each hart
 * locks for itself, where it must, and is made when it is looked at for the first time. */
static bool heap_make(void)
{
    bool by_whoever_comes = HARTS == 1 || !program_heap_ops->per_hart;
    return by_whoever_comes && heap_init(&program_heap, program_heap_ops, NULL, 0);
}

static __attribute__((noinline)) void make_shared_heap(bool *is_made)
{
    spin_lock(&malloc_lock);
    if (!*is_made) {
        program_heap.nharts = HARTS;
        bool made = heap_init(&program_heap, program_heap_ops, NULL, 0);
        program_heap.lock_arg = &malloc_lock; /* from now on: here it is held already */
        program_heap.lock_ops = &heap_spin_ops;
        __atomic_store_n(is_made, made, __ATOMIC_RELEASE);
    }
    spin_unlock(&malloc_lock);
}

/* Interrupts are off from here to heap_leave. The heap could call lock operations in any case, but a
 * lock taken here is inlined. */
static inline unsigned long heap_enter(void)
{
    static bool is_made; /* of a heap that locks for itself */
    bool irqs_were_on = irq_save();
    if (HARTS > 1 && !program_heap_ops->per_hart)
        spin_acquire(&malloc_lock);
    else if (HARTS > 1 && !__atomic_load_n(&is_made, __ATOMIC_ACQUIRE))
        make_shared_heap(&is_made);
    return irqs_were_on;
}

static inline void heap_leave(unsigned long irqs_were_on)
{
    if (HARTS > 1 && !program_heap_ops->per_hart)
        spin_release(&malloc_lock);
    irq_restore(irqs_were_on);
}

#include "lib/alloc/names.h"
