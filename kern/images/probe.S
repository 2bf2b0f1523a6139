/* A look at all registers, for tests: a jump to here, written over any instruction, stores what the
 * registers hold at that moment and ends the machine. The host reads the rest out of memory.
 */

    .section .text.probe, "ax", @progbits
    .globl probe
probe:
    csrw    stval, t0               /* the one register needed to store the others */
    lla     t0, probed
    .irp    n, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    sd      x\n, 8 * \n(t0)
    .endr
    csrr    t1, stval
    sd      t1, 8 * 5(t0)
    csrr    t1, sscratch
    sd      t1, 256(t0)
    csrr    t1, sstatus
    sd      t1, 264(t0)
    li      a7, 0x53525354          /* system reset extension: shut down */
    li      a6, 0
    li      a0, 0
    li      a1, 0
    ecall
    unimp

/* x0 to x31, sscratch, sstatus. Not in bss, which a test may want to see as it is. */
    .section .data.probed, "aw", @progbits
    .balign 8
    .globl probed
probed:
    .skip   272
