# raw.S - system calls with whatever the caller wants in the registers. For tests only.
#include "user/raw.h"

#   long sys_raw(long n, long a, long b, long c, long d, long e, long f)
    .section .text.sys_raw, "ax", @progbits
    .globl sys_raw
    .type sys_raw, @function
sys_raw:
    number_and_arguments
    ecall
    ret
    .size sys_raw, . - sys_raw

#   long sys_on_stack(long n, long stack)
    .section .text.sys_on_stack, "ax", @progbits
    .globl sys_on_stack
    .type sys_on_stack, @function
sys_on_stack:
    mv a7, a0
    mv t0, sp
    mv sp, a1
    ecall
    beq sp, a1, 1f
    li a0, -1
1:  mv sp, t0
    ret
    .size sys_on_stack, . - sys_on_stack

#   long registers_changed(long n, long a)
#
# Fills every register but zero, sp, gp, tp, a0 (the argument and the result) and a7 (the number)
# with a value of its own, makes the call, and counts the registers that differ afterwards. The
# return address is among them, so it waits on the stack.

    .equ PATTERN, 0x5a0

    .macro each_register what
    \what ra, 1
    \what t0, 2
    \what t1, 3
    \what t2, 4
    \what s0, 5
    \what s1, 6
    \what a1, 7
    \what a2, 8
    \what a3, 9
    \what a4, 10
    \what a5, 11
    \what a6, 12
    \what s2, 13
    \what s3, 14
    \what s4, 15
    \what s5, 16
    \what s6, 17
    \what s7, 18
    \what s8, 19
    \what s9, 20
    \what s10, 21
    \what s11, 22
    \what t3, 23
    \what t4, 24
    \what t5, 25
    \what t6, 26
    .endm

    .macro fill reg, i
    li \reg, PATTERN + \i
    .endm

    # a7 counts; a0 is free to hold what should be there
    .macro compare reg, i
    li a0, PATTERN + \i
    xor a0, a0, \reg
    snez a0, a0
    add a7, a7, a0
    .endm

    .section .text.registers_changed, "ax", @progbits
    .globl registers_changed
    .type registers_changed, @function
registers_changed:
    addi sp, sp, -128
    preserved sd
    mv a7, a0
    mv a0, a1
    each_register fill
    ecall
    li a7, 0
    each_register compare
    preserved ld
    addi sp, sp, 128
    mv a0, a7
    ret
    .size registers_changed, . - registers_changed

    .section .note.GNU-stack, "", @progbits
