/* A system call that is not in this image: the program goes on, its author learns why. */
#include "kern/core/printk.h"
#include "kern/libos/libos.h"
#include "kern/sys/errno.h"

long enosys_report(const char *name, uintptr_t caller)
{
    printk("libos: %s is not in this image (called from %p): ENOSYS\n", name, (void *)caller);
    return -ENOSYS;
}
