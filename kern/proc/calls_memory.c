/* System calls on the address space: brk, mmap, munmap, mprotect, madvise.
 *
 * Memory is promised, not given: a page is there once it is touched. Only anonymous memory can be
 * mapped, and only what could never be kept is refused: more writable memory at once than the
 * machine has.
 */
#include "kern/mem/pages.h"
#include "kern/proc/proc.h"
#include "kern/sys/errno.h"
#include <onering/syscalls.h>

_Static_assert(PROT_READ == VM_READ && PROT_WRITE == VM_WRITE && PROT_EXEC == VM_EXEC,
               "protections of mmap are access rights of areas");

static bool is_too_much(size_t nbytes)
{
    return nbytes / PAGE_SIZE > pages_total();
}

/* Moves the end of the heap if that is possible; where it is afterwards. */
static uintptr_t move_brk(struct vmspace *space, uintptr_t end)
{
    if (end < space->brk_start || end > USER_MMAP_TOP)
        return space->brk;
    uintptr_t before = PAGE_UP(space->brk), after = PAGE_UP(end);
    int error = 0;
    if (after > before)
        error = is_too_much(after - before)
                    ? -ENOMEM
                    : vmspace_map(space, before, after - before, VM_READ | VM_WRITE);
    else if (after < before)
        error = vmspace_unmap(space, after, before - after);
    if (!error)
        space->brk = end;
    return space->brk;
}

long sys_brk(unsigned long end)
{
    struct vmspace *space = proc_current()->space;
    mutex_lock(&space->lock);
    uintptr_t brk = move_brk(space, end);
    mutex_unlock(&space->lock);
    return (long)brk;
}

/* Makes room exactly at `va`: 0 or why not. */
static int claim_fixed(struct vmspace *space, uintptr_t va, size_t len, int flags)
{
    if (va > USER_END - len)
        return -ENOMEM;
    if (va % PAGE_SIZE)
        return -EINVAL;
    if (va < USER_BASE)
        return -EPERM;
    if (!(flags & MAP_FIXED_NOREPLACE))
        return vmspace_unmap(space, va, len);
    return vmspace_is_free(space, va, len) ? 0 : -EEXIST;
}

/* The place asked for if it is free, else the highest that is; 0: none. */
static uintptr_t choose_place(struct vmspace *space, uintptr_t hint, size_t len)
{
    hint = PAGE_DOWN(hint);
    if (hint >= USER_BASE && hint <= USER_END - len && vmspace_is_free(space, hint, len))
        return hint;
    return vmspace_find_hole(space, len);
}

static long map_anonymous(struct vmspace *space, uintptr_t va, size_t len, int prot, int flags)
{
    int error = 0;
    if (flags & (MAP_FIXED | MAP_FIXED_NOREPLACE))
        error = claim_fixed(space, va, len, flags);
    else if (!(va = choose_place(space, va, len)))
        error = -ENOMEM;
    unsigned area_flags = prot & VM_ACCESS;
    if (flags & MAP_SHARED)
        area_flags |= VM_SHARED;
    if (!error)
        error = vmspace_map(space, va, len, area_flags);
    return error ? error : (long)va;
}

static bool descriptor_is_open(int fd)
{
    struct file *file = fdtable_get(fs_context()->files, fd);
    if (file)
        file_unref(file);
    return file;
}

/* Everything about a mapping that does not depend on what is mapped already. `len` is rounded up. */
static int check_mapping(size_t length, size_t len, int prot, int flags, int fd, long offset)
{
    int kind = flags & (MAP_SHARED | MAP_PRIVATE);
    bool is_file = !(flags & MAP_ANONYMOUS);
    if (offset % (long)PAGE_SIZE)
        return -EINVAL;
    if (is_file && !descriptor_is_open(fd))
        return -EBADF;
    if (length == 0 || (kind != MAP_SHARED && kind != MAP_PRIVATE))
        return -EINVAL;
    if (len < length || len > USER_END - USER_BASE)
        return -ENOMEM;
    if ((prot & PROT_WRITE) && !(flags & MAP_NORESERVE) && is_too_much(len))
        return -ENOMEM;
    return is_file ? -ENODEV : 0; /* no file system can map files */
}

long sys_mmap(void *addr, size_t length, int prot, int flags, int fd, long offset)
{
    size_t len = PAGE_UP(length);
    int error = check_mapping(length, len, prot, flags, fd, offset);
    if (error)
        return error;
    struct vmspace *space = proc_current()->space;
    mutex_lock(&space->lock);
    long result = map_anonymous(space, (uintptr_t)addr, len, prot, flags);
    mutex_unlock(&space->lock);
    return result;
}

/* The part of [start, start + len) that a process can own: page 0 and what lies above USER_END are
 * holes for ever. False: nothing is left, or the end wraps around. */
static bool clip_range(uintptr_t *start, size_t *len)
{
    uintptr_t end = *start + *len;
    if (end < *start)
        return false;
    *start = MAX(*start, USER_BASE);
    end = MIN(end, USER_END);
    *len = end - *start;
    return *start < end;
}

long sys_munmap(void *addr, size_t length)
{
    uintptr_t start = (uintptr_t)addr;
    size_t len = PAGE_UP(length);
    if (start % PAGE_SIZE || length == 0 || length > USER_END || start > USER_END - length)
        return -EINVAL;
    if (!clip_range(&start, &len))
        return 0;
    struct vmspace *space = proc_current()->space;
    mutex_lock(&space->lock);
    int error = vmspace_unmap(space, start, len);
    mutex_unlock(&space->lock);
    return error;
}

long sys_mprotect(void *addr, size_t length, int prot)
{
    uintptr_t start = (uintptr_t)addr;
    size_t len = PAGE_UP(length);
    if (start % PAGE_SIZE || (prot & ~(PROT_READ | PROT_WRITE | PROT_EXEC)))
        return -EINVAL;
    if (length == 0)
        return 0;
    if (len < length || start < USER_BASE || start >= USER_END)
        return -ENOMEM;
    size_t inside = MIN(len, USER_END - start);
    struct vmspace *space = proc_current()->space;
    mutex_lock(&space->lock);
    int error = vmspace_protect(space, start, inside, (unsigned)prot);
    mutex_unlock(&space->lock);
    return error || inside == len ? error : -ENOMEM;
}

/* Advice that changes nothing a program could see may be ignored. */
static bool advice_is_harmless(int advice)
{
    return (advice >= MADV_NORMAL && advice <= MADV_WILLNEED) || advice == MADV_FREE ||
           (advice >= MADV_MERGEABLE && advice <= MADV_DODUMP) || advice == MADV_COLD ||
           advice == MADV_PAGEOUT;
}

long sys_madvise(void *addr, size_t length, int advice)
{
    uintptr_t start = (uintptr_t)addr;
    size_t len = PAGE_UP(length);
    if (advice != MADV_DONTNEED && !advice_is_harmless(advice))
        return -EINVAL;
    if (start % PAGE_SIZE || len < length || start + len < start)
        return -EINVAL;
    if (len == 0 || advice != MADV_DONTNEED)
        return 0;
    size_t asked = len;
    if (!clip_range(&start, &len))
        return -ENOMEM;
    struct vmspace *space = proc_current()->space;
    mutex_lock(&space->lock);
    int error = vmspace_discard(space, start, len);
    mutex_unlock(&space->lock);
    return error || len == asked ? error : -ENOMEM;
}
