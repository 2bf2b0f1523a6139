/* Memory for the program: brk and mmap over the page allocator.
 *
 * There is one address space and it is all there: mmap finds pages and clears them, munmap gives them
 * back. brk has an arena of contiguous pages, taken at the first call and cleared as it grows.
 */
#include "kern/core/string.h"
#include "kern/mem/pages.h"
#include "kern/sched/mutex.h"
#include "kern/sys/abi.h"
#include "kern/sys/errno.h"
#include <onering/syscalls.h>

#define BRK_PAGES_MAX (64 * MiB / PAGE_SIZE)

static struct mutex lock; /* guards the arena */
static uintptr_t arena_start, arena_end, brk_now, brk_cleared;

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
        if (end < brk_now) { /* what grows again is zero again */
            memset((void *)end, 0, brk_now - end);
        }
        brk_now = end;
    }
    long now = (long)brk_now;
    mutex_unlock(&lock);
    return now;
}

long sys_mmap(void *addr, size_t length, int prot, int flags, int fd, long offset)
{
    (void)prot;
    (void)fd;
    (void)offset;
    if (length == 0)
        return -EINVAL;
    if (!(flags & MAP_ANONYMOUS))
        return -ENODEV;
    if (length > PAGE_SIZE * pages_total())
        return -ENOMEM;
    size_t size = PAGE_UP(length);
    if (flags & MAP_FIXED) /* only over what is there already */
        return page_refs(addr) ? (memset(addr, 0, size), (long)addr) : -ENOMEM;
    void *pages = pages_alloc(size / PAGE_SIZE);
    if (!pages)
        return -ENOMEM;
    memset(pages, 0, size);
    return (long)pages;
}

long sys_munmap(void *addr, size_t length)
{
    if ((uintptr_t)addr % PAGE_SIZE || length == 0)
        return -EINVAL;
    for (size_t at = 0; at < length; at += PAGE_SIZE)
        if (page_refs((char *)addr + at))
            page_free((char *)addr + at);
    return 0;
}

/* All memory is readable, writable and executable here. */
long sys_mprotect(void *addr, size_t length, int prot)
{
    (void)length;
    (void)prot;
    return (uintptr_t)addr % PAGE_SIZE ? -EINVAL : 0;
}

long sys_madvise(void *addr, size_t length, int advice)
{
    if (advice == MADV_DONTNEED)
        memset(addr, 0, PAGE_UP(length));
    return 0;
}
