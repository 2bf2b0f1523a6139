# fpregs.S - what is in the floating-point registers? For tests only.
#
#   long fp_changed(unsigned long seed, long rounds, long yielding)
#
# f<i> holds seed + i, fcsr the low bits of seed. The stub sys_sched_yield touches no f register, so
# between filling and comparing only the kernel could.

    .macro each_register what
    .irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    \what \i
    .endr
    .endm

    .macro fill i
    addi t0, s0, \i
    fmv.d.x f\i, t0
    .endm

    .macro compare i
    addi t0, s0, \i
    fmv.x.d t1, f\i
    xor t0, t0, t1
    snez t0, t0
    add s3, s3, t0
    .endm

    .macro save i
    fsd f\i, (64 + 8 * \i)(sp)
    .endm

    .macro restore i
    fld f\i, (64 + 8 * \i)(sp)
    .endm

    .macro count_nonzero i
    fmv.x.d t0, f\i
    snez t0, t0
    add a0, a0, t0
    .endm

#   long fp_nonzero(void)
    .section .text.fp_nonzero, "ax", @progbits
    .globl fp_nonzero
    .type fp_nonzero, @function
fp_nonzero:
    li a0, 0
    each_register count_nonzero
    ret
    .size fp_nonzero, . - fp_nonzero

    .section .text.fp_changed, "ax", @progbits
    .globl fp_changed
    .type fp_changed, @function
fp_changed:
    addi sp, sp, -320
    sd ra, 0(sp)
    sd s0, 8(sp)
    sd s1, 16(sp)
    sd s2, 24(sp)
    sd s3, 32(sp)
    sd s4, 40(sp)
    each_register save
    mv s0, a0                   # seed
    mv s1, a1                   # rounds
    mv s2, a2                   # yielding
    li s3, 0                    # changed
    andi s4, s0, 0x1f           # exception flags: any value is legal
    each_register fill
    fscsr s4
1:  beqz s1, 2f
    addi s1, s1, -1
    beqz s2, 1b
    call sys_sched_yield
    j 1b
2:  each_register compare
    frcsr t0
    xor t0, t0, s4
    snez t0, t0
    add s3, s3, t0
    fscsr zero
    each_register restore
    mv a0, s3
    ld ra, 0(sp)
    ld s0, 8(sp)
    ld s1, 16(sp)
    ld s2, 24(sp)
    ld s3, 32(sp)
    ld s4, 40(sp)
    addi sp, sp, 320
    ret
    .size fp_changed, . - fp_changed

    .section .note.GNU-stack, "", @progbits
