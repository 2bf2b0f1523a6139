/* Changing stacks by hand. */

/* void call_on_stack(void (*function)(uint64_t), uint64_t argument, uint64_t *top)
 * Calls the function on the stack that ends at `top`. s0 brings the old one back. */
    .section .text.call_on_stack, "ax", @progbits
    .globl call_on_stack
call_on_stack:
    addi    sp, sp, -16
    sd      ra, 8(sp)
    sd      s0, 0(sp)
    mv      s0, sp
    mv      sp, a2
    mv      t0, a0
    mv      a0, a1
    jalr    t0
    mv      sp, s0
    ld      s0, 0(sp)
    ld      ra, 8(sp)
    addi    sp, sp, 16
    ret
