# raw.S - calls of the kernel with nothing of a libc around them.

#   void raw_getpid(unsigned long times)
#
# Calls sys_getpid in a loop of three instructions. From call_begins to call_ends: the call alone.
    .section .text.raw_getpid, "ax", @progbits
    .globl raw_getpid, call_begins, call_ends
    .type raw_getpid, @function
raw_getpid:
    addi sp, sp, -16
    sd ra, 8(sp)
    sd s0, 0(sp)
    mv s0, a0
call_begins:
    call sys_getpid
call_ends:
    addi s0, s0, -1
    bnez s0, call_begins
    ld ra, 8(sp)
    ld s0, 0(sp)
    addi sp, sp, 16
    ret
    .size raw_getpid, . - raw_getpid

#   long raw_gettid(unsigned long tp, unsigned long off, unsigned long after[2])
#
# sys_gettid with that in tp, and with interrupts off if so wanted. Then tp, and whether interrupts are
# on, are stored to `after`, and both are again what they were.

    .equ SIE, 2

    .section .text.raw_gettid, "ax", @progbits
    .globl raw_gettid
    .type raw_gettid, @function
raw_gettid:
    addi sp, sp, -32
    sd ra, 0(sp)
    sd s0, 8(sp)
    sd s1, 16(sp)
    mv s0, tp
    mv s1, a2
    mv tp, a0
    beqz a1, 1f
    csrci sstatus, SIE
1:  call sys_gettid
    csrr t0, sstatus
    csrsi sstatus, SIE
    andi t0, t0, SIE
    sd tp, 0(s1)
    sd t0, 8(s1)
    mv tp, s0
    ld ra, 0(sp)
    ld s0, 8(sp)
    ld s1, 16(sp)
    addi sp, sp, 32
    ret
    .size raw_gettid, . - raw_gettid

#   long raw_clone(unsigned long flags, void *stack, unsigned long tls, unsigned long regs[32])
#
# sys_clone with s0 to s11 loaded from regs[0..11]. The child stores what it finds in them into
# regs[16..27], then tp and sp, and last of all 1 into regs[31]; it ends there. The parent returns
# what sys_clone returned.

    .equ FRAME, 112

    .macro saved what, base, offset
    \what s0, \offset(\base)
    \what s1, \offset+8(\base)
    \what s2, \offset+16(\base)
    \what s3, \offset+24(\base)
    \what s4, \offset+32(\base)
    \what s5, \offset+40(\base)
    \what s6, \offset+48(\base)
    \what s7, \offset+56(\base)
    \what s8, \offset+64(\base)
    \what s9, \offset+72(\base)
    \what s10, \offset+80(\base)
    \what s11, \offset+88(\base)
    .endm

    .section .text.raw_clone, "ax", @progbits
    .globl raw_clone
    .type raw_clone, @function
raw_clone:
    addi sp, sp, -FRAME
    sd ra, 96(sp)
    saved sd, sp, 0
    saved ld, a3, 0
    addi a1, a1, -16
    sd a3, 0(a1)                # on the child's stack, where it finds it
    mv a3, a2
    li a2, 0
    li a4, 0                    # sys_clone(flags, stack, NULL, tls, NULL)
    call sys_clone
    beqz a0, 1f
    saved ld, sp, 0
    ld ra, 96(sp)
    addi sp, sp, FRAME
    ret

1:  ld t0, 0(sp)
    saved sd, t0, 128
    sd tp, 224(t0)
    sd sp, 232(t0)
    li t1, 1
    fence rw, rw
    sd t1, 248(t0)
    li a0, 0
    call sys_exit               # does not return
    .size raw_clone, . - raw_clone

    .section .note.GNU-stack, "", @progbits
