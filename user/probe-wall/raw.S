# raw.S - system calls with whatever the caller wants in the registers, for the probe.

#   long raw_call(long number, long a, long b, long c, long d, long e, long f)
    .section .text.raw_call, "ax", @progbits
    .globl raw_call
    .type raw_call, @function
raw_call:
    mv a7, a0
    mv a0, a1
    mv a1, a2
    mv a2, a3
    mv a3, a4
    mv a4, a5
    mv a5, a6
    ecall
    ret
    .size raw_call, . - raw_call

#   void raw_getpid(unsigned long times)
#
# Calls the stub of getpid, in a loop of three instructions.
    .section .text.raw_getpid, "ax", @progbits
    .globl raw_getpid
    .type raw_getpid, @function
raw_getpid:
    mv t0, ra
    mv t1, a0
1:  call sys_getpid
    addi t1, t1, -1
    bnez t1, 1b
    jr t0
    .size raw_getpid, . - raw_getpid

#   long raw_call_on(unsigned long sp, long number)
#
# A system call with this stack pointer; -1 when it is another one afterwards.
    .section .text.raw_call_on, "ax", @progbits
    .globl raw_call_on
    .type raw_call_on, @function
raw_call_on:
    mv t0, sp
    mv t1, a0
    mv a7, a1
    mv sp, a0
    ecall
    beq sp, t1, 1f
    li a0, -1
1:  mv sp, t0
    ret
    .size raw_call_on, . - raw_call_on

#   void raw_call_with(unsigned long regs[32])
#
# Loads every register but sp from the array, makes the call, and stores every register there.
#
#       sp ->  0  array   8  t6 as the kernel left it   16  ra, gp, tp, s0 .. s11

    .equ FRAME, 144

    .macro preserved what
    \what ra, 16(sp)
    \what gp, 24(sp)
    \what tp, 32(sp)
    \what s0, 40(sp)
    \what s1, 48(sp)
    \what s2, 56(sp)
    \what s3, 64(sp)
    \what s4, 72(sp)
    \what s5, 80(sp)
    \what s6, 88(sp)
    \what s7, 96(sp)
    \what s8, 104(sp)
    \what s9, 112(sp)
    \what s10, 120(sp)
    \what s11, 128(sp)
    .endm

    .macro array what                   # all but x0, sp (x2) and t6 (x31), at t6
    \what x1, 8(t6)
    .irp n, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30
    \what x\n, 8*\n(t6)
    .endr
    .endm

    .section .text.raw_call_with, "ax", @progbits
    .globl raw_call_with
    .type raw_call_with, @function
raw_call_with:
    addi sp, sp, -FRAME
    preserved sd
    sd a0, 0(sp)
    mv t6, a0
    array ld
    ld t6, 248(t6)
    ecall
    sd t6, 8(sp)
    ld t6, 0(sp)
    array sd
    ld t0, 8(sp)
    sd t0, 248(t6)
    preserved ld
    addi sp, sp, FRAME
    ret
    .size raw_call_with, . - raw_call_with

    .section .note.GNU-stack, "", @progbits
