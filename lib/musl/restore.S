# restore.S - where a signal handler returns to: sys_rt_sigreturn, with the frame at sp as it is.

    .section .text.__restore_rt, "ax", @progbits
    .globl __restore, __restore_rt
    .hidden __restore, __restore_rt
    .type __restore, @function
    .type __restore_rt, @function
__restore:
__restore_rt:
    tail sys_rt_sigreturn
    .size __restore_rt, . - __restore_rt

    .section .note.GNU-stack, "", @progbits
