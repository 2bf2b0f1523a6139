/* raw.h - for assembly that calls the kernel with whatever the caller wants in the registers. */
#pragma once

    .macro number_and_arguments         # (number, a, b, c, d, e, f), to where the kernel looks for them
    mv a7, a0
    mv a0, a1
    mv a1, a2
    mv a2, a3
    mv a3, a4
    mv a4, a5
    mv a5, a6
    .endm

    .macro preserved what               # tp and what a function must not change, from sp + 16 to sp + 128
    \what ra, 16(sp)
    \what tp, 24(sp)
    \what s0, 32(sp)
    \what s1, 40(sp)
    \what s2, 48(sp)
    \what s3, 56(sp)
    \what s4, 64(sp)
    \what s5, 72(sp)
    \what s6, 80(sp)
    \what s7, 88(sp)
    \what s8, 96(sp)
    \what s9, 104(sp)
    \what s10, 112(sp)
    \what s11, 120(sp)
    .endm

    .macro array what                   # all but x0, sp (x2), gp (x3) and t6 (x31), at t6
    \what x1, 8(t6)
    .irp n, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
    \what x\n, 8*\n(t6)
    .endr
    .endm
