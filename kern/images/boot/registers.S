/* Traps with registers that a C function cannot arrange. */

#define AFTER  256                  /* in struct register_values */
#define MINE   256                  /* behind the copies of x0 .. x31 on the stack: what is ours */
#define FRAME  384

/* void registers_try(struct register_values *values)
 * Loads all registers but sp and gp from `before`, takes a breakpoint, stores them all to `after`. */
    .section .text.registers_try, "ax", @progbits
    .globl registers_try
registers_try:
    addi    sp, sp, -FRAME
    sd      a0, MINE(sp)
    sd      ra, MINE + 8(sp)
    sd      tp, MINE + 16(sp)
    .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    sd      s\n, MINE + 24 + 8 * \n(sp)
    .endr
    .irp    n, 1, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 10
    ld      x\n, 8 * \n(a0)
    .endr

    .globl registers_break
registers_break:
    ebreak

    .irp    n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    sd      x\n, 8 * \n(sp)
    .endr
    ld      a0, MINE(sp)
    .irp    n, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    ld      t0, 8 * \n(sp)
    sd      t0, AFTER + 8 * \n(a0)
    .endr
    ld      ra, MINE + 8(sp)
    ld      tp, MINE + 16(sp)
    .irp    n, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11
    ld      s\n, MINE + 24 + 8 * \n(sp)
    .endr
    addi    sp, sp, FRAME
    ret

/* sp points just below the stack, as after one call too many. Then comes a breakpoint, or the next
 * interrupt. */
    .section .text.trap_with_bad_stack, "ax", @progbits
    .globl trap_with_bad_stack
trap_with_bad_stack:
    lla     sp, boot_stack
    addi    sp, sp, -16
    ebreak
    unimp

    .section .text.wait_with_bad_stack, "ax", @progbits
    .globl wait_with_bad_stack
wait_with_bad_stack:
    lla     sp, boot_stack
    addi    sp, sp, -16
    csrsi   sstatus, 2              /* SIE */
1:  wfi
    j       1b
