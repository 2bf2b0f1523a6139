/* From one thread to another.
 *
 * struct thread *context_switch(struct thread *prev, struct thread *next)
 *
 * Called and returned from like a C function, but by two different threads: it saves what a function
 * must preserve into prev, loads the same from next, and so returns to where next once called it. It
 * returns prev, for the thread that now runs to finish. Interrupts are off.
 *
 * tp is the application's thread pointer in the fused shape. Floating-point registers are saved only
 * if sstatus says that prev changed them, and loaded only for a thread that has ever used them: for
 * all others the unit is off, and their first use traps (fp.c).
 */
#include "kern/riscv/offsets.h"

#define FS_MASK 0x6000              /* sstatus.FS: both bits set is "dirty" */

    .section .text.context_switch, "ax", @progbits
    .globl context_switch
context_switch:
    csrr    t0, sstatus
    li      t1, FS_MASK
    and     t0, t0, t1
    bne     t0, t1, 1f
    addi    t2, a0, THREAD_FP
    jal     t0, fp_store
1:  csrc    sstatus, t1

switch_registers:                   /* save a0's, load a1's */
    sd      ra, THREAD_CONTEXT + 0(a0)
    sd      sp, THREAD_CONTEXT + 8(a0)
    sd      tp, THREAD_CONTEXT + 16(a0)
    sd      s0, THREAD_CONTEXT + 24(a0)
    sd      s1, THREAD_CONTEXT + 32(a0)
    sd      s2, THREAD_CONTEXT + 40(a0)
    sd      s3, THREAD_CONTEXT + 48(a0)
    sd      s4, THREAD_CONTEXT + 56(a0)
    sd      s5, THREAD_CONTEXT + 64(a0)
    sd      s6, THREAD_CONTEXT + 72(a0)
    sd      s7, THREAD_CONTEXT + 80(a0)
    sd      s8, THREAD_CONTEXT + 88(a0)
    sd      s9, THREAD_CONTEXT + 96(a0)
    sd      s10, THREAD_CONTEXT + 104(a0)
    sd      s11, THREAD_CONTEXT + 112(a0)

    ld      ra, THREAD_CONTEXT + 0(a1)
    ld      sp, THREAD_CONTEXT + 8(a1)
    ld      tp, THREAD_CONTEXT + 16(a1)
    ld      s0, THREAD_CONTEXT + 24(a1)
    ld      s1, THREAD_CONTEXT + 32(a1)
    ld      s2, THREAD_CONTEXT + 40(a1)
    ld      s3, THREAD_CONTEXT + 48(a1)
    ld      s4, THREAD_CONTEXT + 56(a1)
    ld      s5, THREAD_CONTEXT + 64(a1)
    ld      s6, THREAD_CONTEXT + 72(a1)
    ld      s7, THREAD_CONTEXT + 80(a1)
    ld      s8, THREAD_CONTEXT + 88(a1)
    ld      s9, THREAD_CONTEXT + 96(a1)
    ld      s10, THREAD_CONTEXT + 104(a1)
    ld      s11, THREAD_CONTEXT + 112(a1)

    lbu     t2, THREAD_FP_LIVE(a1)
    bnez    t2, load_fp
    ret

load_fp:
    csrs    sstatus, t1
    addi    t2, a1, THREAD_FP
    jal     t0, fp_load
    csrc    sstatus, t1
    li      t1, 0x4000              /* clean: what the registers hold is in memory too */
    csrs    sstatus, t1
    ret

/* void context_load(struct thread *next): a hart's first thread. It is a new one, so its context holds
 * no more than thread_set_entry() put there, and there is no thread before it: a0 = NULL. */
    .section .text.context_load, "ax", @progbits
    .globl context_load
context_load:
    ld      ra, THREAD_CONTEXT + 0(a0)
    ld      sp, THREAD_CONTEXT + 8(a0)
    ld      tp, THREAD_CONTEXT + 16(a0)
    ld      s0, THREAD_CONTEXT + 24(a0)
    ld      s1, THREAD_CONTEXT + 32(a0)
    li      a0, 0
    ret

/* Where a new thread begins: s0 = function, s1 = its argument, a0 = the thread that ran before
 * or NULL. */
    .section .text.thread_trampoline, "ax", @progbits
    .globl thread_trampoline
thread_trampoline:
    call    thread_first_run
    mv      a0, s1
    mv      t0, s0
    li      fp, 0                   /* a backtrace ends here */
    jalr    t0
    call    thread_exit
    unimp

/* void fp_save(struct fpstate *to): the unit must be on. */
    .section .text.fp_save, "ax", @progbits
    .globl fp_save
fp_save:
    mv      t2, a0
    mv      t0, ra

/* t2 = struct fpstate, t0 = return address; changes t3. */
fp_store:
    frcsr   t3
    fsd     f0, 0(t2)
    fsd     f1, 8(t2)
    fsd     f2, 16(t2)
    fsd     f3, 24(t2)
    fsd     f4, 32(t2)
    fsd     f5, 40(t2)
    fsd     f6, 48(t2)
    fsd     f7, 56(t2)
    fsd     f8, 64(t2)
    fsd     f9, 72(t2)
    fsd     f10, 80(t2)
    fsd     f11, 88(t2)
    fsd     f12, 96(t2)
    fsd     f13, 104(t2)
    fsd     f14, 112(t2)
    fsd     f15, 120(t2)
    fsd     f16, 128(t2)
    fsd     f17, 136(t2)
    fsd     f18, 144(t2)
    fsd     f19, 152(t2)
    fsd     f20, 160(t2)
    fsd     f21, 168(t2)
    fsd     f22, 176(t2)
    fsd     f23, 184(t2)
    fsd     f24, 192(t2)
    fsd     f25, 200(t2)
    fsd     f26, 208(t2)
    fsd     f27, 216(t2)
    fsd     f28, 224(t2)
    fsd     f29, 232(t2)
    fsd     f30, 240(t2)
    fsd     f31, 248(t2)
    sd      t3, 256(t2)
    jr      t0

/* void fp_restore(const struct fpstate *from): the unit must be on. */
    .section .text.fp_restore, "ax", @progbits
    .globl fp_restore
fp_restore:
    mv      t2, a0
    mv      t0, ra

/* t2 = struct fpstate, t0 = return address; changes t3. */
fp_load:
    ld      t3, 256(t2)
    fld     f0, 0(t2)
    fld     f1, 8(t2)
    fld     f2, 16(t2)
    fld     f3, 24(t2)
    fld     f4, 32(t2)
    fld     f5, 40(t2)
    fld     f6, 48(t2)
    fld     f7, 56(t2)
    fld     f8, 64(t2)
    fld     f9, 72(t2)
    fld     f10, 80(t2)
    fld     f11, 88(t2)
    fld     f12, 96(t2)
    fld     f13, 104(t2)
    fld     f14, 112(t2)
    fld     f15, 120(t2)
    fld     f16, 128(t2)
    fld     f17, 136(t2)
    fld     f18, 144(t2)
    fld     f19, 152(t2)
    fld     f20, 160(t2)
    fld     f21, 168(t2)
    fld     f22, 176(t2)
    fld     f23, 184(t2)
    fld     f24, 192(t2)
    fld     f25, 200(t2)
    fld     f26, 208(t2)
    fld     f27, 216(t2)
    fld     f28, 224(t2)
    fld     f29, 232(t2)
    fld     f30, 240(t2)
    fld     f31, 248(t2)
    fscsr   t3
    jr      t0
