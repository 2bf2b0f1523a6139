/* times(): the program has all the time there is. */
#include "kern/core/clock.h"
#include "kern/mem/uaccess.h"
#include "kern/sys/abi.h"
#include <onering/syscalls.h>

#define NS_PER_TICK (NS_PER_SEC / 100) /* AT_CLKTCK says the same to the libc */

long sys_times(struct tms *buf)
{
    long now = (long)(clock_now_ns() / NS_PER_TICK);
    struct tms used = {.tms_utime = now};
    if (buf)
        copy_to_user(buf, &used, sizeof(used));
    return now;
}
