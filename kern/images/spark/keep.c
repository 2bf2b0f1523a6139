/* keep.c - callers of sbi_call() that need what they had before the call. Who forgets to tell the compiler
 * what the firmware changes, or that it reads memory, changes or hides it from them.
 *
 * sbi.c is compiled once more, into these callers. The Makefile hides its functions: only keep_...() can be
 * seen from outside.
 */
#include "kern/riscv/sbi.c"

#include "kern/images/spark/keep.h"
#include "kern/riscv/csr.h"

#define SBI_LEGACY_SEND_IPI 4 /* a0: where in memory the mask of harts lies */
#define SIP_SOFTWARE        (1UL << 1)
#define SBI_BASE            0x10
#define SBI_BASE_VERSION    0 /* answers in a1, with a number that is not 0 */

/* `number` is in a1, and goes to the firmware in a1. */
long keep_argument(long zero, long number)
{
    long error = sbi_call(SBI_BASE, SBI_BASE_VERSION, zero, number, 0, 0);
    return error ? error : number;
}

/* Nobody but the firmware reads `mask`. */
static __attribute__((noinline)) void interrupt_harts(unsigned long harts)
{
    unsigned long mask = harts;
    sbi_call(SBI_LEGACY_SEND_IPI, 0, (long)&mask, 0, 0, 0);
}

bool keep_memory(unsigned long harts)
{
    csr_clear(sip, SIP_SOFTWARE);
    interrupt_harts(harts);
    return csr_read(sip) & SIP_SOFTWARE;
}
