/* Cancelling threads, without cancellation points.
 *
 * musl ends a thread inside a blocking call by a signal whose handler looks where in the call's code
 * the program counter stands. There is no such code when a call is a function of the kernel. So a
 * request to cancel is honoured where the thread asks, in pthread_testcancel() (and in functions that
 * call it, such as pthread_join), and at once if a thread with asynchronous cancellation cancels
 * itself. A thread that blocks for ever is not ended. POSIX wants more; no program of ours does.
 */
#include "pthread_impl.h"

hidden long __cancel(void);
hidden void __testcancel(void);

long __cancel(void)
{
    pthread_t self = __pthread_self();
    if (self->canceldisable == PTHREAD_CANCEL_ENABLE || self->cancelasync)
        pthread_exit(PTHREAD_CANCELED);
    self->canceldisable = PTHREAD_CANCEL_DISABLE;
    return -ECANCELED;
}

void __testcancel(void)
{
    pthread_t self = __pthread_self();
    if (self->cancel && !self->canceldisable)
        __cancel();
}

int pthread_cancel(pthread_t thread)
{
    a_store(&thread->cancel, 1);
    if (thread == __pthread_self() && thread->canceldisable == PTHREAD_CANCEL_ENABLE &&
        thread->cancelasync)
        pthread_exit(PTHREAD_CANCELED);
    return 0;
}
