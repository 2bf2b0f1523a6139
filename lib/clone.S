# clone.S - starting a thread.
#
#   long __clone_thread(void *stack_top, unsigned long flags, int *parent_tid, void *tls,
#                       int *child_tid, void (*fn)(void))
#
# a0..a5 as listed; returns the thread's id, or a negative error, to the caller. The new thread
# returns from the same call of sys_clone, with 0 and on the new stack, which holds nothing but the
# function it is to run: it has no frame to return to. (No register but sp is relied on: where
# sys_clone is a function of the kernel, the child has the callee-saved ones, and sp.)

    .section .text.__clone_thread, "ax", @progbits
    .globl __clone_thread
    .type __clone_thread, @function
__clone_thread:
    addi sp, sp, -16
    sd ra, 8(sp)
    addi a0, a0, -16
    sd a5, 0(a0)                # fn, at the top of the new stack
    mv t0, a0
    mv a0, a1                   # sys_clone(flags, stack, parent_tid, tls, child_tid)
    mv a1, t0
    call sys_clone
    beqz a0, 1f
    ld ra, 8(sp)
    addi sp, sp, 16
    ret

1:  ld t0, 0(sp)
    addi sp, sp, 16
    jr t0                       # does not return
    .size __clone_thread, . - __clone_thread

    .section .note.GNU-stack, "", @progbits
