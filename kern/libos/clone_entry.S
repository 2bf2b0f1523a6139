/* clone as a function call.
 *
 * long sys_clone(unsigned long flags, void *stack, int *ptid, unsigned long tls, int *ctid)
 *
 * A function call promises its caller that sp, tp, s0-s11 are kept and that it returns to ra. The new
 * thread returns from the same call, so it needs the same registers: they are what struct context
 * holds, and clone.c makes the child's context from them.
 */
#include "kern/riscv/offsets.h"

#define CONTEXT_SIZE 128            /* struct context, rounded up to the stack's alignment */

    .section .text.sys_clone, "ax", @progbits
    .globl sys_clone
sys_clone:
    addi    sp, sp, -CONTEXT_SIZE
    addi    t0, sp, CONTEXT_SIZE
    sd      ra, 0(sp)
    sd      t0, 8(sp)
    sd      tp, 16(sp)
    sd      s0, 24(sp)
    sd      s1, 32(sp)
    sd      s2, 40(sp)
    sd      s3, 48(sp)
    sd      s4, 56(sp)
    sd      s5, 64(sp)
    sd      s6, 72(sp)
    sd      s7, 80(sp)
    sd      s8, 88(sp)
    sd      s9, 96(sp)
    sd      s10, 104(sp)
    sd      s11, 112(sp)
    mv      a5, sp
    call    clone_call
    ld      ra, 0(sp)
    addi    sp, sp, CONTEXT_SIZE
    ret

/* Where the child's context begins, on its own stack: a0 = the thread that ran before. clone.c left
 * the address to return to on the stack. */
    .section .text.clone_return, "ax", @progbits
    .globl clone_return
clone_return:
    call    thread_first_run
    ld      ra, 0(sp)
    addi    sp, sp, 16
    li      a0, 0
    ret
