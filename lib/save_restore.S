/*
 * save_restore.S - what functions compiled with -msave-restore call first and jump to last.
 *
 * Saving and restoring ra and s0 to s11 takes instructions in every function. Written once, and
 * called, they are a tenth less of an image; functions that are called often are compiled without.
 * gcc's contract, N being the number of s registers that the function changes:
 *
 *     __riscv_save_N       called with t0 as the return address; may change t1. Leaves a frame:
 *                              top -  8    ra
 *                              top - 16    s0
 *                              top - 24    s1 ...
 *     __riscv_restore_N    jumped to, with sp as it was then; returns to the function's caller
 *
 * Frames are multiples of 16 bytes, so registers come in pairs. In a fused image an interrupt may
 * use what lies below sp at any time: room is made before it is filled. A smaller frame is the upper
 * end of the largest, and t1 says by how much too low sp is.
 */
FRAME = 112 /* of ra and all twelve */

    .macro save_entry too_low
    addi    sp, sp, -FRAME
    li      t1, \too_low
    .endm

    .section .text.__riscv_save, "ax", @progbits
    .globl __riscv_save_12, __riscv_save_11, __riscv_save_10, __riscv_save_9, __riscv_save_8
    .globl __riscv_save_7, __riscv_save_6, __riscv_save_5, __riscv_save_4, __riscv_save_3
    .globl __riscv_save_2, __riscv_save_1, __riscv_save_0
__riscv_save_12:
    save_entry 0
    sd      s11, 8(sp)
    j       save_to_s10
__riscv_save_11:
__riscv_save_10:
    save_entry 16
save_to_s10:
    sd      s10, 16(sp)
    sd      s9, 24(sp)
    j       save_to_s8
__riscv_save_9:
__riscv_save_8:
    save_entry 32
save_to_s8:
    sd      s8, 32(sp)
    sd      s7, 40(sp)
    j       save_to_s6
__riscv_save_7:
__riscv_save_6:
    save_entry 48
save_to_s6:
    sd      s6, 48(sp)
    sd      s5, 56(sp)
    j       save_to_s4
__riscv_save_5:
__riscv_save_4:
    save_entry 64
save_to_s4:
    sd      s4, 64(sp)
    sd      s3, 72(sp)
    j       save_to_s2
__riscv_save_3:
__riscv_save_2:
    save_entry 80
save_to_s2:
    sd      s2, 80(sp)
    sd      s1, 88(sp)
    sd      s0, 96(sp)
    sd      ra, 104(sp)
    add     sp, sp, t1
    jr      t0
__riscv_save_1:
__riscv_save_0:
    addi    sp, sp, -16
    sd      s0, 0(sp)
    sd      ra, 8(sp)
    jr      t0

    .section .text.__riscv_restore, "ax", @progbits
    .globl __riscv_restore_12, __riscv_restore_11, __riscv_restore_10, __riscv_restore_9
    .globl __riscv_restore_8, __riscv_restore_7, __riscv_restore_6, __riscv_restore_5
    .globl __riscv_restore_4, __riscv_restore_3, __riscv_restore_2, __riscv_restore_1
    .globl __riscv_restore_0
__riscv_restore_12:
    ld      s11, 8(sp)
    addi    sp, sp, 16
__riscv_restore_11:
__riscv_restore_10:
    ld      s10, 0(sp)
    ld      s9, 8(sp)
    addi    sp, sp, 16
__riscv_restore_9:
__riscv_restore_8:
    ld      s8, 0(sp)
    ld      s7, 8(sp)
    addi    sp, sp, 16
__riscv_restore_7:
__riscv_restore_6:
    ld      s6, 0(sp)
    ld      s5, 8(sp)
    addi    sp, sp, 16
__riscv_restore_5:
__riscv_restore_4:
    ld      s4, 0(sp)
    ld      s3, 8(sp)
    addi    sp, sp, 16
__riscv_restore_3:
__riscv_restore_2:
    ld      s2, 0(sp)
    ld      s1, 8(sp)
    addi    sp, sp, 16
__riscv_restore_1:
__riscv_restore_0:
    ld      s0, 0(sp)
    ld      ra, 8(sp)
    addi    sp, sp, 16
    ret
