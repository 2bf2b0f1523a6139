# raw.S - musl's getpid, with nothing around it.

#   void raw_musl_getpid(unsigned long times)
#
# From libc_begins to libc_ends: one call, with all that musl adds to it.
    .section .text.raw_musl_getpid, "ax", @progbits
    .globl raw_musl_getpid, libc_begins, libc_ends
    .type raw_musl_getpid, @function
raw_musl_getpid:
    addi sp, sp, -16
    sd ra, 8(sp)
    sd s0, 0(sp)
    mv s0, a0
libc_begins:
    call getpid
libc_ends:
    addi s0, s0, -1
    bnez s0, libc_begins
    ld ra, 8(sp)
    ld s0, 0(sp)
    addi sp, sp, 16
    ret
    .size raw_musl_getpid, . - raw_musl_getpid

    .section .note.GNU-stack, "", @progbits
