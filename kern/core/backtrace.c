/* Backtraces by frame pointers. A function's frame, as gcc lays it out with -fno-omit-frame-pointer:
 *
 *     fp ->  +------------------+  higher addresses
 *      -8    | return address   |
 *      -16   | caller's fp      |
 *            | ...              |
 */
#include "kern/core/backtrace.h"
#include "kern/riscv/hart.h"
#include "kern/sched/thread.h"

size_t backtrace_collect(const struct backtrace_start *start, uintptr_t trace[BACKTRACE_MAX])
{
    const struct thread *thread = this_hart()->current;
    uintptr_t fp = start->fp;
    size_t n = 0;
    trace[n++] = start->pc;
    while (n < BACKTRACE_MAX && fp % 8 == 0 && fp >= thread->stack_lo + 16 &&
           fp <= thread->stack_hi) {
        uintptr_t ra = ((uintptr_t *)fp)[-1], caller = ((uintptr_t *)fp)[-2];
        if (!is_code(ra))
            break;
        trace[n++] = ra;
        if (caller <= fp)
            break;
        fp = caller;
    }
    return n;
}
