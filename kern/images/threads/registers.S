/* void yield_with_registers(unsigned long numbers[12]): gives way with these numbers in s0 .. s11, and
 * writes back what is in them afterwards. For the image `threads`.
 *
 *     sp ->   0  s0 .. s11 of the caller      96  ra      104  numbers
 */
#define FRAME 112

    .section .text.yield_with_registers, "ax", @progbits
    .globl yield_with_registers

    .macro preserved what, base
    \what   s0, 0(\base)
    \what   s1, 8(\base)
    \what   s2, 16(\base)
    \what   s3, 24(\base)
    \what   s4, 32(\base)
    \what   s5, 40(\base)
    \what   s6, 48(\base)
    \what   s7, 56(\base)
    \what   s8, 64(\base)
    \what   s9, 72(\base)
    \what   s10, 80(\base)
    \what   s11, 88(\base)
    .endm

yield_with_registers:
    addi    sp, sp, -FRAME
    preserved sd, sp
    sd      ra, 96(sp)
    sd      a0, 104(sp)
    preserved ld, a0
    call    thread_yield
    ld      a0, 104(sp)
    preserved sd, a0
    preserved ld, sp
    ld      ra, 96(sp)
    addi    sp, sp, FRAME
    ret
