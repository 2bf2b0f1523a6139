# crt0.S - the first instructions of a program in a process of its own.
#
# The kernel enters here with sp at argc (see start.c for the picture) and nothing else of use.

    .section .text._start, "ax", @progbits
    .globl _start
    .type _start, @function
_start:
    .option push
    .option norelax             # gp cannot be set by way of gp
    la gp, __global_pointer$
    .option pop
    mv a0, sp
    andi sp, sp, -16
    call __libc_start           # does not return
    .size _start, . - _start

    .section .note.GNU-stack, "", @progbits
