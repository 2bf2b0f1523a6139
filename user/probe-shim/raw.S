# raw.S - system calls by ebreak, without the stubs of the image: whatever the caller wants in the
# registers. A stub would also say which of the kernel's functions the image needs, and that the shim
# has to be there; so it is said here.
#include "user/raw.h"

    .macro call_kernel
    .option push
    .option norvc
    ebreak
    .option pop
    .reloc ., R_RISCV_NONE, kern.init_entry_shim_init
    .irp name, exit_group, getppid, getrandom, mmap
    .reloc ., R_RISCV_NONE, k_sys_\name
    .endr
    .endm

#   long raw_call(long number, long a, long b, long c, long d, long e, long f)
    .section .text.raw_call, "ax", @progbits
    .globl raw_call
    .type raw_call, @function
raw_call:
    number_and_arguments
    call_kernel
    ret
    .size raw_call, . - raw_call

#   void raw_getppid(unsigned long times)
#
# What a stub does, in a loop of three instructions.
    .section .text.raw_getppid, "ax", @progbits
    .globl raw_getppid, getppid_stub
    .type raw_getppid, @function
raw_getppid:
    mv t0, ra
    mv t1, a0
1:  call getppid_stub
    addi t1, t1, -1
    bnez t1, 1b
    jr t0
getppid_stub:
    li a7, 173
    call_kernel
    ret
    .size raw_getppid, . - raw_getppid

#   void raw_call_with(unsigned long regs[32])
#
# Loads every register but sp and gp from the array, makes the call, and stores every register there.
#
#       sp ->  0  array   8  t6 as the kernel left it   16  ra, tp, s0 .. s11

    .equ FRAME, 128

    .section .text.raw_call_with, "ax", @progbits
    .globl raw_call_with
    .type raw_call_with, @function
raw_call_with:
    addi sp, sp, -FRAME
    preserved sd
    sd a0, 0(sp)
    mv t6, a0
    sd sp, 24(t6)                       # in the place of gp: where it is
    array ld
    ld t6, 248(t6)
    call_kernel
    sd t6, 8(sp)
    ld t6, 0(sp)
    array sd
    sd sp, 16(t6)                       # and where it is afterwards
    ld t0, 8(sp)
    sd t0, 248(t6)
    preserved ld
    addi sp, sp, FRAME
    ret
    .size raw_call_with, . - raw_call_with

    .section .note.GNU-stack, "", @progbits
