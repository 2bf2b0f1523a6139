/* system_info.c - about the machine and the system. */
#include "libc.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/reboot.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

enum {
    PAGE_BYTES = 4096,
    REBOOT_MAGIC1 = (int)0xfee1dead, /* so that nobody reboots by a stray register */
    REBOOT_MAGIC2 = 672274793,
};

int uname(struct utsname *u)
{
    return (int)__sysret(sys_uname(u));
}

int sysinfo(struct sysinfo *info)
{
    return (int)__sysret(sys_sysinfo(info));
}

int reboot(int how)
{
    return (int)__sysret(sys_reboot(REBOOT_MAGIC1, REBOOT_MAGIC2, (unsigned)how, NULL));
}

ssize_t getrandom(void *buf, size_t n, unsigned flags)
{
    return __sysret(sys_getrandom(buf, n, flags));
}

int getpagesize(void)
{
    return PAGE_BYTES;
}

static long count_harts(void)
{
    unsigned long mask[16] = {0};
    long n = 0, size = sys_sched_getaffinity(0, sizeof(mask), mask);
    for (long i = 0; i < size / (long)sizeof(mask[0]); i++)
        for (unsigned long m = mask[i]; m != 0; m &= m - 1)
            n++;
    return n > 0 ? n : 1;
}

long sysconf(int name)
{
    switch (name) {
    case _SC_PAGESIZE: return PAGE_BYTES;
    case _SC_NPROCESSORS_ONLN: return count_harts();
    default: errno = EINVAL; return -1;
    }
}

int gethostname(char *name, size_t size)
{
    struct utsname u;
    if (uname(&u) != 0)
        return -1;
    strlcpy(name, u.nodename, size);
    return 0;
}
