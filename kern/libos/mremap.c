/* Mappings that change their size. Nothing can be mapped anew in the one address space, so a mapping
 * shrinks where it is, and grows by being copied to a larger one. */
#include "kern/core/string.h"
#include "kern/mem/pages.h"
#include "kern/sys/abi.h"
#include "kern/sys/errno.h"
#include <onering/syscalls.h>

#define MREMAP_MAYMOVE 1

static long move(void *old, size_t old_length, size_t new_length)
{
    long moved =
        sys_mmap(NULL, new_length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (moved < 0)
        return moved;
    memcpy((void *)moved, old, old_length);
    sys_munmap(old, old_length);
    return moved;
}

long sys_mremap(void *old, size_t old_length, size_t new_length, int flags, void *new_addr)
{
    (void)new_addr;
    size_t had = PAGE_UP(old_length), wanted = PAGE_UP(new_length);
    if ((uintptr_t)old % PAGE_SIZE || had == 0 || wanted == 0 || flags & ~MREMAP_MAYMOVE)
        return -EINVAL;
    if (wanted > had)
        return flags & MREMAP_MAYMOVE ? move(old, had, wanted) : -ENOMEM;
    if (wanted < had)
        sys_munmap((char *)old + wanted, had - wanted);
    return (long)old;
}
