# crt0_libos.S - where a program begins that is fused with the kernel.
#
# The kernel calls app_start with sp at argc (see start.c for the picture). gp is set already: kernel
# and program share it. This is the only object that differs from a program in a process of its own.

    .section .text.app_start, "ax", @progbits
    .globl app_start
    .type app_start, @function
app_start:
    mv a0, sp
    andi sp, sp, -16
    call __libc_start           # does not return
    .size app_start, . - app_start

    .section .note.GNU-stack, "", @progbits
