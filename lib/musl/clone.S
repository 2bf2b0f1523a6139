# clone.S - musl's way to start a thread, over a sys_clone that may be a function.
#
#   int __clone(int (*fn)(void *), void *stack, int flags, void *arg, int *parent_tid, void *tls,
#               int *child_tid)
#
# a0..a6 as listed. The new thread returns from the same call of sys_clone, with 0 and on the new
# stack, which holds what it is to run and nothing to return to.

    .section .text.__clone, "ax", @progbits
    .globl __clone
    .hidden __clone
    .type __clone, @function
__clone:
    addi sp, sp, -16
    sd ra, 8(sp)
    andi a1, a1, -16
    addi a1, a1, -16
    sd a0, 0(a1)                # fn
    sd a3, 8(a1)                # arg
    mv a0, a2                   # sys_clone(flags, stack, parent_tid, tls, child_tid)
    mv a2, a4
    mv a3, a5
    mv a4, a6
    call sys_clone
    beqz a0, 1f
    ld ra, 8(sp)
    addi sp, sp, 16
    ret

1:  ld t0, 0(sp)
    ld a0, 8(sp)
    addi sp, sp, 16
    jalr t0
    call sys_exit               # with what fn returned; does not return
    .size __clone, . - __clone

    .section .note.GNU-stack, "", @progbits
