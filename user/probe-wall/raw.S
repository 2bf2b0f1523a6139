# raw.S - system calls with whatever the caller wants in the registers, for the probe.
#include "user/raw.h"

#   long raw_call(long number, long a, long b, long c, long d, long e, long f)
    .section .text.raw_call, "ax", @progbits
    .globl raw_call
    .type raw_call, @function
raw_call:
    number_and_arguments
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
#       sp ->  0  array   8  t6 as the kernel left it   16  ra, tp, s0 .. s11   128  gp

    .equ FRAME, 144

    .section .text.raw_call_with, "ax", @progbits
    .globl raw_call_with
    .type raw_call_with, @function
raw_call_with:
    addi sp, sp, -FRAME
    preserved sd
    sd gp, 128(sp)
    sd a0, 0(sp)
    mv t6, a0
    ld gp, 24(t6)
    array ld
    ld t6, 248(t6)
    ecall
    sd t6, 8(sp)
    ld t6, 0(sp)
    sd gp, 24(t6)
    array sd
    ld t0, 8(sp)
    sd t0, 248(t6)
    preserved ld
    ld gp, 128(sp)
    addi sp, sp, FRAME
    ret
    .size raw_call_with, . - raw_call_with

    .section .note.GNU-stack, "", @progbits
