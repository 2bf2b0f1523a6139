/* Backtraces without frame pointers.
 *
 * Programs and libraries are linked as they come, and mostly without frame pointers. But whoever
 * calls a function leaves a return address on the stack, and a return address can be recognised: it
 * points into the text, right behind a call. So the stack is searched upwards for such words. One that
 * is left over from an earlier call may be among them; none is missing.
 *
 * The search ends with the thread's stack. A stack of the program's own (fault.c) has an end that nobody
 * knows: it is searched as far as a few pages go.
 */
#include "kern/core/backtrace.h"
#include "kern/libos/paging.h"
#include "kern/mem/pages.h"
#include "kern/riscv/hart.h"
#include "kern/sched/thread.h"

#define OTHER_STACK_MOST (16 * KiB)

#define JAL_RA  0x0ef /* opcode and destination register of `jal ra`, `jalr ra` */
#define JALR_RA 0x0e7
#define C_JALR  0x9002 /* compressed: bits 11..7 name a register; none: ebreak */

static bool follows_call(uintptr_t address)
{
    if (address % 2 || !is_code(address - 4))
        return false;
    const uint16_t *next = (const uint16_t *)address;
    unsigned long_call = next[-2] & 0xfff;
    return long_call == JAL_RA || long_call == JALR_RA ||
           ((next[-1] & 0xf07f) == C_JALR && next[-1] != C_JALR);
}

size_t backtrace_collect(const struct backtrace_start *start, uintptr_t trace[BACKTRACE_MAX])
{
    const struct thread *thread = this_hart()->current;
    uintptr_t at = ALIGN_UP(start->sp, 8), end = thread->stack_hi;
    if (!paging_is_writable(at)) /* the guard page: an overflow ended there */
        at = PAGE_UP(at);
    if (at < thread->stack_lo || at >= end)
        end = at + OTHER_STACK_MOST;
    size_t n = 0;
    trace[n++] = start->pc;
    if (start->ra && follows_call(start->ra))
        trace[n++] = start->ra;
    for (; n < BACKTRACE_MAX && at < end && paging_is_writable(at); at += sizeof(uintptr_t)) {
        uintptr_t word = *(const uintptr_t *)at;
        if (word != trace[n - 1] && follows_call(word))
            trace[n++] = word;
    }
    return n;
}
