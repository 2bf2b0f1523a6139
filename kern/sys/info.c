/* System calls that tell about the system: its name, its memory, its limits; and random bytes. */
#include "kern/core/random.h"
#include "kern/mem/pages.h"
#include "kern/mem/uaccess.h"
#include "kern/sched/thread.h"
#include "kern/sys/abi.h"
#include "kern/sys/errno.h"
#include <onering/syscalls.h>

#define STACK_LIMIT (8 * MiB)

/* Programs ask which Linux this is: an old one would lack what they need. It is not Linux, but what it
 * has behaves like a Linux of this release. */
long sys_uname(struct utsname *name)
{
    static const struct utsname onering = {
        .sysname = "Onering",
        .nodename = "onering",
        .release = "6.1.0-onering",
        .version = "#1",
        .machine = "riscv64",
        .domainname = "(none)",
    };
    return copy_to_user(name, &onering, sizeof(onering));
}

/* The kernel's own threads have no tid. */
static bool count_thread(struct thread *thread, void *arg)
{
    if (thread->tid != 0)
        ++*(uint16_t *)arg;
    return true;
}

long sys_sysinfo(struct sysinfo *info)
{
    struct sysinfo now = {
        .uptime = clock_now_ns() / NS_PER_SEC,
        .totalram = pages_total() * PAGE_SIZE,
        .freeram = pages_available() * PAGE_SIZE,
        .mem_unit = 1,
    };
    threads_for_each(count_thread, &now.procs);
    return copy_to_user(info, &now, sizeof(now));
}

/* Through a small buffer: random bytes are made in kernel memory. */
long sys_getrandom(void *buf, size_t size, unsigned int flags)
{
    uint8_t piece[64];
    if (flags & ~(GRND_NONBLOCK | GRND_RANDOM))
        return -EINVAL;
    size = MIN(size, (size_t)INT32_MAX);
    for (size_t done = 0; done < size; done += sizeof(piece)) {
        size_t n = MIN(sizeof(piece), size - done);
        random_bytes(piece, n);
        if (copy_to_user((char *)buf + done, piece, n))
            return -EFAULT;
    }
    return size;
}

static struct rlimit limit_of(int resource)
{
    switch (resource) {
    case RLIMIT_STACK: return (struct rlimit){STACK_LIMIT, STACK_LIMIT};
    case RLIMIT_NOFILE: return (struct rlimit){OPEN_MAX, OPEN_MAX};
    default: return (struct rlimit){RLIM_INFINITY, RLIM_INFINITY};
    }
}

/* Limits are those of the system: a program may ask, and may "set" what is so already. */
long sys_prlimit64(int pid, int resource, const struct rlimit *new_limit, struct rlimit *old_limit)
{
    if (pid != 0 && pid != sys_getpid())
        return -ESRCH;
    if (resource < 0 || resource >= RLIMIT_COUNT)
        return -EINVAL;
    struct rlimit limit = limit_of(resource), wanted;
    if (new_limit && copy_from_user(&wanted, new_limit, sizeof(wanted)))
        return -EFAULT;
    if (new_limit && wanted.rlim_cur > wanted.rlim_max)
        return -EINVAL;
    if (new_limit && (wanted.rlim_cur != limit.rlim_cur || wanted.rlim_max != limit.rlim_max))
        return -EPERM;
    return old_limit && copy_to_user(old_limit, &limit, sizeof(limit)) ? -EFAULT : 0;
}
