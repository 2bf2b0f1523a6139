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
 *
 * The .cfi lines are for the debugger: where the caller's frame begins (cfa; top in the picture) and
 * which registers lie there. In __riscv_save_N the function that called it is passed over: its frame
 * is still being made.
 */
FRAME = 112 /* of ra and all twelve */

    .cfi_sections .debug_frame      /* nothing of it is in the image */

    .macro save_entry too_low
    .cfi_def_cfa_offset 0
    addi    sp, sp, -FRAME
    .cfi_def_cfa_offset FRAME
    li      t1, \too_low
    .endm

    /* The next pair is at sp. */
    .macro restore_pair upper, lower, left
    ld      \upper, 0(sp)
    .cfi_same_value \upper
    ld      \lower, 8(sp)
    .cfi_same_value \lower
    addi    sp, sp, 16
    .cfi_def_cfa_offset \left
    .endm

    .section .text.__riscv_save, "ax", @progbits
    .globl __riscv_save_12, __riscv_save_11, __riscv_save_10, __riscv_save_9, __riscv_save_8
    .globl __riscv_save_7, __riscv_save_6, __riscv_save_5, __riscv_save_4, __riscv_save_3
    .globl __riscv_save_2, __riscv_save_1, __riscv_save_0
    .cfi_startproc
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
    .cfi_escape 0x0f, 6, 0x72, 0xf0, 0x00, 0x76, 0x00, 0x1c     /* cfa = sp + FRAME - t1 */
    jr      t0
__riscv_save_1:
__riscv_save_0:
    .cfi_def_cfa sp, 0
    addi    sp, sp, -16
    .cfi_def_cfa_offset 16
    sd      s0, 0(sp)
    sd      ra, 8(sp)
    jr      t0
    .cfi_endproc

    .section .text.__riscv_restore, "ax", @progbits
    .globl __riscv_restore_12, __riscv_restore_11, __riscv_restore_10, __riscv_restore_9
    .globl __riscv_restore_8, __riscv_restore_7, __riscv_restore_6, __riscv_restore_5
    .globl __riscv_restore_4, __riscv_restore_3, __riscv_restore_2, __riscv_restore_1
    .globl __riscv_restore_0
    .cfi_startproc
    .cfi_def_cfa_offset FRAME
    .cfi_offset ra, -8
    .cfi_offset s0, -16
    .cfi_offset s1, -24
    .cfi_offset s2, -32
    .cfi_offset s3, -40
    .cfi_offset s4, -48
    .cfi_offset s5, -56
    .cfi_offset s6, -64
    .cfi_offset s7, -72
    .cfi_offset s8, -80
    .cfi_offset s9, -88
    .cfi_offset s10, -96
    .cfi_offset s11, -104
__riscv_restore_12:
    ld      s11, 8(sp)
    .cfi_same_value s11
    addi    sp, sp, 16
    .cfi_def_cfa_offset 96
__riscv_restore_11:
__riscv_restore_10:
    restore_pair s10, s9, 80
__riscv_restore_9:
__riscv_restore_8:
    restore_pair s8, s7, 64
__riscv_restore_7:
__riscv_restore_6:
    restore_pair s6, s5, 48
__riscv_restore_5:
__riscv_restore_4:
    restore_pair s4, s3, 32
__riscv_restore_3:
__riscv_restore_2:
    restore_pair s2, s1, 16
__riscv_restore_1:
__riscv_restore_0:
    restore_pair s0, ra, 0
    ret
    .cfi_endproc
