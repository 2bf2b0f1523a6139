# unmapself.S - how a detached thread ends: it frees the stack it stands on.
#
#   void __unmapself(void *base, size_t size)
#
# In the fused shape munmap and exit are functions that run on the caller's stack, and so do the
# interrupts that arrive meanwhile. So the thread leaves its stack first, for one that all ending
# threads share: musl calls this under its lock on the list of threads, and that lock is let go by the
# kernel (CLONE_CHILD_CLEARTID names it) when the thread is gone.

    .equ LAST_STACK_SIZE, 4096

    .section .text.__unmapself, "ax", @progbits
    .globl __unmapself
    .hidden __unmapself
    .type __unmapself, @function
__unmapself:
    lla sp, last_stack_top
    call sys_munmap             # (base, size)
    li a0, 0
    call sys_exit               # does not return
    .size __unmapself, . - __unmapself

    .section .bss.last_stack, "aw", @nobits
    .balign 16
    .skip LAST_STACK_SIZE
last_stack_top:

    .section .note.GNU-stack, "", @progbits
