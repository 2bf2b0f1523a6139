/* Memory for the program: brk and mmap over the page allocator.
 *
 * There is one address space and all memory is there from the start: mmap finds pages and clears them,
 * munmap gives them back. What the program has mapped is a list of areas, sorted by address; all that
 * it may unmap or protect lies in them, so a wrong address never harms the kernel:
 *
 *     areas --> | RW | --> | none | RW | --> ...      areas of one mapping may touch
 *
 * brk has an arena of contiguous pages, taken at the first call and cleared as it grows.
 * Protections are kept with PAGING=static; otherwise all memory can be read, written and executed.
 */
#include "kern/alloc/kmalloc.h"
#include "kern/core/list.h"
#include "kern/core/string.h"
#include "kern/libos/libos.h"
#include "kern/libos/paging.h"
#include "kern/mem/pages.h"
#include "kern/sched/mutex.h"
#include "kern/sys/abi.h"
#include "kern/sys/errno.h"
#include <onering/syscalls.h>

#define BRK_PAGES_MAX (64 * MiB / PAGE_SIZE)
#define RW            (PROT_READ | PROT_WRITE)

struct area {
    struct list_node node;
    uintptr_t start, end;
    int prot;
};

static struct mutex lock; /* guards all below */
static struct list_node areas = LIST_INIT(areas);
static uintptr_t arena_start, arena_end, brk_now, brk_cleared;

/* --- brk --- */

static void take_arena(void)
{
    size_t npages = MIN(BRK_PAGES_MAX, pages_available() / 4);
    char *first = npages ? pages_alloc(npages) : NULL;
    if (!first)
        return;
    arena_start = brk_now = brk_cleared = (uintptr_t)first;
    arena_end = arena_start + npages * PAGE_SIZE;
}

long sys_brk(unsigned long end)
{
    mutex_lock(&lock);
    if (!arena_start)
        take_arena();
    if (end >= arena_start && end <= arena_end && arena_start) {
        if (end > brk_cleared)
            memset((void *)brk_cleared, 0, end - brk_cleared);
        brk_cleared = MAX(brk_cleared, end);
        if (end < brk_now) /* what grows again is zero again */
            memset((void *)end, 0, brk_now - end);
        brk_now = end;
    }
    long now = (long)brk_now;
    mutex_unlock(&lock);
    return now;
}

/* --- areas; lock held --- */

/* The first area that ends above `va`; the list's head, cast, if there is none: see in_range(). */
static struct area *area_from(uintptr_t va)
{
    struct area *area;
    list_for_each(area, &areas, node) {
        if (area->end > va)
            break;
    }
    return area;
}

static bool in_range(const struct area *area, uintptr_t end)
{
    return &area->node != &areas && area->start < end;
}

static struct area *next_area(const struct area *area)
{
    return list_entry(area->node.next, struct area, node);
}

static bool is_mapped(uintptr_t start, uintptr_t end)
{
    for (struct area *area = area_from(start); in_range(area, end); area = next_area(area)) {
        if (area->start > start)
            return false;
        start = area->end;
    }
    return start >= end;
}

/* Adds an area where nothing is mapped. False: no memory. */
static bool add_area(uintptr_t start, uintptr_t end, int prot)
{
    struct area *area = kmalloc(sizeof(*area));
    if (!area)
        return false;
    struct area *behind = area_from(start);
    *area = (struct area){.start = start, .end = end, .prot = prot};
    list_insert_after(behind->node.prev, &area->node);
    return true;
}

/* Sees to it that no area reaches across `va`. False: no memory. */
static bool cut_at(uintptr_t va)
{
    struct area *area = area_from(va);
    if (!in_range(area, va))
        return true;
    uintptr_t start = area->start;
    area->start = va; /* makes room for the new one in front of it */
    if (add_area(start, va, area->prot))
        return true;
    area->start = start;
    return false;
}

static bool protect_area(struct area *area, int prot)
{
    if (area->prot == prot)
        return true;
    area->prot = prot;
    return paging_protect(area->start, area->end, prot);
}

static bool protect_range(uintptr_t start, uintptr_t end, int prot)
{
    if (!cut_at(start) || !cut_at(end))
        return false;
    for (struct area *area = area_from(start); in_range(area, end); area = next_area(area))
        if (!protect_area(area, prot))
            return false;
    return true;
}

static void free_area(struct area *area)
{
    protect_area(area, RW);
    pages_free((void *)area->start, (area->end - area->start) / PAGE_SIZE);
    list_remove(&area->node);
    kfree(area);
}

/* Zeros where pages were, whatever the program itself may do with them. */
static void clear_range(uintptr_t start, uintptr_t end)
{
    for (struct area *area = area_from(start); in_range(area, end); area = next_area(area)) {
        uintptr_t from = MAX(start, area->start), to = MIN(end, area->end);
        int prot = area->prot;
        if (!(prot & PROT_WRITE))
            paging_protect(from, to, RW);
        memset((void *)from, 0, to - from);
        if (!(prot & PROT_WRITE))
            paging_protect(from, to, prot);
    }
}

/* --- mmap and its relatives --- */

static long map_anywhere(size_t size, int prot)
{
    uintptr_t start = (uintptr_t)pages_alloc(size / PAGE_SIZE);
    if (!start)
        return -ENOMEM;
    if (!add_area(start, start + size, RW)) {
        pages_free((void *)start, size / PAGE_SIZE);
        return -ENOMEM;
    }
    memset((void *)start, 0, size);
    struct area *area = area_from(start);
    if (protect_area(area, prot))
        return (long)start;
    free_area(area);
    return -ENOMEM;
}

/* Over what is mapped already: there is no choosing an address among physical ones. */
static long map_over(uintptr_t start, size_t size, int prot)
{
    uintptr_t end = start + size;
    if (start % PAGE_SIZE)
        return -EINVAL;
    if (end < start || !is_mapped(start, end))
        return -ENOMEM;
    clear_range(start, end);
    return protect_range(start, end, prot) ? (long)start : -ENOMEM;
}

long sys_mmap(void *addr, size_t length, int prot, int flags, int fd, long offset)
{
    int kind = flags & (MAP_SHARED | MAP_PRIVATE);
    (void)fd;
    if (length == 0 || offset % (long)PAGE_SIZE || (kind != MAP_SHARED && kind != MAP_PRIVATE))
        return -EINVAL;
    if (!(flags & MAP_ANONYMOUS))
        return -ENODEV;
    if (length > PAGE_SIZE * pages_total())
        return -ENOMEM;
    mutex_lock(&lock);
    long result;
    if (flags & MAP_FIXED_NOREPLACE)
        result = -EEXIST;
    else if (flags & MAP_FIXED)
        result = map_over((uintptr_t)addr, PAGE_UP(length), prot);
    else
        result = map_anywhere(PAGE_UP(length), prot);
    mutex_unlock(&lock);
    return result;
}

long sys_munmap(void *addr, size_t length)
{
    uintptr_t start = (uintptr_t)addr, end = start + PAGE_UP(length);
    if (start % PAGE_SIZE || length == 0 || end <= start)
        return -EINVAL;
    mutex_lock(&lock);
    bool cut = cut_at(start) && cut_at(end);
    struct area *area = area_from(start);
    while (cut && in_range(area, end)) {
        struct area *next = next_area(area);
        free_area(area);
        area = next;
    }
    mutex_unlock(&lock);
    return cut ? 0 : -ENOMEM;
}

long sys_mprotect(void *addr, size_t length, int prot)
{
    uintptr_t start = (uintptr_t)addr, end = start + PAGE_UP(length);
    if (start % PAGE_SIZE || end < start || (prot & ~(RW | PROT_EXEC)))
        return -EINVAL;
    mutex_lock(&lock);
    bool done = is_mapped(start, end) && protect_range(start, end, prot);
    mutex_unlock(&lock);
    fence_i(); /* it may hold instructions now */
    return done ? 0 : -ENOMEM;
}

/* Advice that changes nothing a program could see is ignored. */
long sys_madvise(void *addr, size_t length, int advice)
{
    uintptr_t start = (uintptr_t)addr, end = start + PAGE_UP(length);
    if (start % PAGE_SIZE || end < start || advice < MADV_NORMAL || advice > MADV_PAGEOUT)
        return -EINVAL;
    if (advice != MADV_DONTNEED)
        return 0;
    mutex_lock(&lock);
    bool mapped = is_mapped(start, end);
    if (mapped)
        clear_range(start, end);
    mutex_unlock(&lock);
    return mapped ? 0 : -ENOMEM;
}

/* --- for clone.c --- */

uintptr_t libos_stack_bottom(uintptr_t stack_hi)
{
    extern char rodata_end[];
    uintptr_t bottom = (uintptr_t)rodata_end; /* a stack in the program's own data */
    mutex_lock(&lock);
    struct area *area = area_from(stack_hi - 1);
    if (stack_hi > arena_start && stack_hi <= arena_end)
        bottom = arena_start;
    else if (in_range(area, stack_hi))
        bottom = area->start;
    mutex_unlock(&lock);
    return bottom;
}
