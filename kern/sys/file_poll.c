/* Waiting on several descriptors. */
#include "kern/fs/file.h"
#include "kern/mem/uaccess.h"
#include "kern/sys/errno.h"
#include "kern/sys/time.h"
#include <onering/syscalls.h>

static int deadline_from_user(const struct timespec *timeout, uint64_t *deadline_ns)
{
    uint64_t wait_ns;
    int error = timeout ? timespec_from_user(timeout, &wait_ns) : 0;
    if (error)
        return error;
    *deadline_ns = timeout ? time_after(clock_now_ns(), wait_ns) : DEADLINE_MAX;
    return 0;
}

static long poll_user(struct pollfd *user, unsigned n, uint64_t deadline_ns)
{
    struct pollfd fds[OPEN_MAX];
    if (copy_from_user(fds, user, n * sizeof(*fds)) != 0)
        return -EFAULT;
    long result = poll_files(fds, n, deadline_ns);
    if (result >= 0 && copy_to_user(user, fds, n * sizeof(*fds)) != 0)
        return -EFAULT;
    return result;
}

/* Waits with the signal mask `mask` if there is one. */
static long poll_masked(struct pollfd *user, unsigned n, uint64_t deadline_ns,
                        const unsigned long *mask)
{
    struct thread *me = thread_current();
    unsigned long before = me->sigmask;
    if (mask)
        me->sigmask = *mask & ~(1UL << (SIGKILL - 1) | 1UL << (SIGSTOP - 1));
    long result = poll_user(user, n, deadline_ns);
    me->sigmask = before;
    return result;
}

long sys_ppoll(struct pollfd *fds, unsigned int nfds, const struct timespec *timeout,
               const unsigned long *sigmask, size_t sigsetsize)
{
    unsigned long mask = 0;
    uint64_t deadline_ns;
    int error = deadline_from_user(timeout, &deadline_ns);
    if (error)
        return error;
    if (nfds > OPEN_MAX || (sigmask && sigsetsize != sizeof(mask)))
        return -EINVAL;
    if (sigmask && copy_from_user(&mask, sigmask, sizeof(mask)) != 0)
        return -EFAULT;
    return poll_masked(fds, nfds, deadline_ns, sigmask ? &mask : NULL);
}
