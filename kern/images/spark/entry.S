/* The entry of the smallest image: a stack, and into C. No bss is cleared, because spark has none. */

    .section .text.entry, "ax", @progbits
    .globl _start
_start:
    .option push
    .option norelax                 /* relaxed, this would read gp to set gp */
    lla     gp, __global_pointer$
    .option pop
    lla     sp, stack_top
    li      fp, 0
    call    spark
    unimp

    .section .stack, "aw", @nobits
    .balign 16
    .skip   1024
stack_top:
