/* How a detached thread ends: its stack is freed by the next one that ends so.
 *
 * No thread can free the stack it stands on when munmap and exit are functions. musl calls this under
 * its lock on the list of threads, which is let go by the kernel when the thread is gone for good
 * (CLONE_CHILD_CLEARTID names the lock). So whoever has the lock here finds the thread before it gone,
 * and one stack is left lying at most.
 */
#include "pthread_impl.h"
#include "syscall.h"

static void *left_stack; /* both guarded by the lock on the list of threads */
static size_t left_size;

_Noreturn void __unmapself(void *base, size_t size)
{
    if (left_stack != NULL)
        __syscall(SYS_munmap, left_stack, left_size);
    left_stack = base;
    left_size = size;
    for (;;)
        __syscall(SYS_exit, 0);
}
