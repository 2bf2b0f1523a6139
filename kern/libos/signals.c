/* Signals in the fused shape: there is nobody to send one, but the program to itself.
 *
 * So nothing ever arrives out of the blue, and the calls mean this:
 *   rt_sigprocmask   has nothing to hold back: it succeeds, and what was blocked before was nothing
 *   rt_sigpending    for the same reason, nothing is
 *   rt_sigaction     SIG_DFL and SIG_IGN are kept; a handler is -ENOSYS, as in the kernel shape
 *   kill, tkill, tgkill to the program itself or one of its threads act at once: an ignored signal does
 *                    nothing, any other ends the machine with status 128 + signal, as a shell shows it
 */
#include "kern/dev/power.h"
#include "kern/libos/libos.h"
#include "kern/mem/uaccess.h"
#include "kern/sys/abi.h"
#include "kern/sys/errno.h"
#include <onering/syscalls.h>

#define BIT(sig)    (1UL << ((sig)-1))
#define UNBLOCKABLE (BIT(SIGKILL) | BIT(SIGSTOP))

/* What their default action leaves alone; there is no process to stop or continue. */
#define HARMLESS                                                                                   \
    (BIT(SIGCHLD) | BIT(SIGURG) | BIT(SIGWINCH) | BIT(SIGCONT) | BIT(SIGSTOP) | BIT(SIGTSTP) |     \
     BIT(SIGTTIN) | BIT(SIGTTOU))

static uint64_t ignored; /* a bit a signal whose action is SIG_IGN; atomic */

static bool is_valid(int sig)
{
    return sig >= 1 && sig <= NSIG;
}

static long send(int sig)
{
    if (sig < 0 || sig > NSIG)
        return -EINVAL;
    if (sig == 0 || BIT(sig) & (HARMLESS | __atomic_load_n(&ignored, __ATOMIC_RELAXED)))
        return 0;
    power_off(128 + sig);
}

long sys_kill(int pid, int sig)
{
    return pid <= 1 && pid >= -1 ? send(sig) : -ESRCH; /* 0 and -1: all there are */
}

/* A thread that is gone and one that never was look the same: every id is taken for a thread of ours. */
long sys_tkill(int tid, int sig)
{
    return tid > 0 ? send(sig) : -EINVAL;
}

long sys_tgkill(int tgid, int tid, int sig)
{
    if (tgid <= 0 || tid <= 0)
        return -EINVAL;
    return tgid == 1 ? send(sig) : -ESRCH;
}

static long set_action(int sig, const struct ksigaction *action)
{
    if (BIT(sig) & UNBLOCKABLE)
        return -EINVAL;
    if (action->handler == SIG_IGN)
        __atomic_fetch_or(&ignored, BIT(sig), __ATOMIC_RELAXED);
    else if (action->handler == SIG_DFL)
        __atomic_fetch_and(&ignored, ~BIT(sig), __ATOMIC_RELAXED);
    else
        return -ENOSYS;
    return 0;
}

long sys_rt_sigaction(int sig, const struct sigaction *act, struct sigaction *old,
                      size_t sigsetsize)
{
    struct ksigaction action, before = {0};
    if (sigsetsize != sizeof(action.mask) || !is_valid(sig))
        return -EINVAL;
    if (__atomic_load_n(&ignored, __ATOMIC_RELAXED) & BIT(sig))
        before.handler = SIG_IGN;
    if (act) {
        copy_from_user(&action, act, sizeof(action));
        long error = set_action(sig, &action);
        if (error)
            return error;
    }
    if (old)
        copy_to_user(old, &before, sizeof(before));
    return 0;
}

long sys_rt_sigprocmask(int how, const unsigned long *set, unsigned long *old, size_t sigsetsize)
{
    if (sigsetsize != sizeof(*set))
        return -EINVAL;
    if (set && how != SIG_BLOCK && how != SIG_UNBLOCK && how != SIG_SETMASK)
        return -EINVAL;
    if (old)
        clear_user(old, sizeof(*old));
    return 0;
}

long sys_rt_sigpending(unsigned long *set, size_t sigsetsize)
{
    if (sigsetsize > sizeof(*set))
        return -EINVAL;
    return clear_user(set, sigsetsize);
}
