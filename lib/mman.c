/* mman.c - mapping memory, and the end of the data segment. */
#include "libc.h"

#include <errno.h>
#include <sys/mman.h>
#include <unistd.h>

void *mmap(void *addr, size_t length, int prot, int flags, int fd, off_t offset)
{
    return (void *)__sysret(sys_mmap(addr, length, prot, flags, fd, offset));
}

int munmap(void *addr, size_t length)
{
    return (int)__sysret(sys_munmap(addr, length));
}

int mprotect(void *addr, size_t length, int prot)
{
    return (int)__sysret(sys_mprotect(addr, length, prot));
}

int madvise(void *addr, size_t length, int advice)
{
    return (int)__sysret(sys_madvise(addr, length, advice));
}

/* The kernel answers with the end as it is afterwards, moved or not. */
int brk(void *end)
{
    if (sys_brk((unsigned long)end) >= (long)end)
        return 0;
    errno = ENOMEM;
    return -1;
}

void *sbrk(intptr_t increment)
{
    static unsigned long end;
    if (end == 0)
        end = sys_brk(0);
    unsigned long old = end;
    if (increment != 0) {
        if ((unsigned long)sys_brk(old + increment) != old + increment) {
            errno = ENOMEM;
            return (void *)-1;
        }
        end = old + increment;
    }
    return (void *)old;
}
