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

/* void spark_putchar(char byte): what lies between the labels is measured. */
    .section .text.spark_putchar, "ax", @progbits
    .globl spark_putchar, spark_before, spark_after
spark_putchar:
    addi    sp, sp, -16
    sd      ra, 8(sp)
spark_before:
    call    sbi_putchar
spark_after:
    ld      ra, 8(sp)
    addi    sp, sp, 16
    ret

    .section .stack, "aw", @nobits
    .balign 16
    .skip   1024
stack_top:
