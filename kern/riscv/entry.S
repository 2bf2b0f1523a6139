/* The first instructions of the kernel.
 *
 * OpenSBI enters at the lowest loaded address (the linker script puts _start there) in S-mode, with
 * translation and interrupts off:  a0 = hartid, a1 = address of the device tree.
 *
 * One hart comes here and boots. Others may follow: OpenSBI 1.1 marks a hart as starting before it
 * notes where, so a hart that looks at the wrong moment starts where the first one did. It belongs at
 * hart_entry, and is sent there.
 */
#include "kern/riscv/offsets.h"

/* The one device whose address is not from the tree, because here is none to be read: QEMU's finisher. */
#define FINISHER       0x100000
#define FINISHER_PANIC (0x3333 | 134 << 16) /* "failed", with a panic's status */

    .section .text.entry, "ax", @progbits
    .globl _start
    .type   _start, @function       /* else its address would go by the names of the image's borders */
    .size   _start, enter_c - _start
_start:
    .option push
    .option norelax                 /* relaxed, this would read gp to set gp */
    lla     gp, __global_pointer$
    .option pop
    .if HARTS > 1
    lla     t0, booting
    li      t1, 1
    amoswap.w t1, t1, (t0)
    bnez    t1, late_hart
    .endif

    /* With little memory QEMU puts the tree where the image may be. Nothing of the image's data or
     * stack may be touched before it is sure that they do not overlap. The tree's size is the
     * big-endian word at offset 4. */
    lla     t0, image_start
    lla     t1, image_end
    bgeu    a1, t1, enter_c
    lbu     t2, 4(a1)
    lbu     t3, 5(a1)
    lbu     t4, 6(a1)
    lbu     t5, 7(a1)
    slli    t2, t2, 24
    slli    t3, t3, 16
    slli    t4, t4, 8
    add     t2, t2, t3
    add     t2, t2, t4
    add     t2, t2, t5
    add     t2, t2, a1
    bltu    t0, t2, image_overlaps_tree

/* Nothing in memory has a known value but what was loaded. a0 and a1 are still the firmware's. */
enter_c:
    lla     t0, bss_start           /* both are 64-byte aligned */
    lla     t1, bss_end
1:  bgeu    t0, t1, 2f
    sd      zero, 0(t0)
    sd      zero, 8(t0)
    sd      zero, 16(t0)
    sd      zero, 24(t0)
    sd      zero, 32(t0)
    sd      zero, 40(t0)
    sd      zero, 48(t0)
    sd      zero, 56(t0)
    addi    t0, t0, 64
    j       1b
2:
    lla     t0, harts
    csrw    sscratch, t0
    lla     sp, boot_stack_top
    lla     tp, boot_thread
    li      fp, 0                   /* a backtrace ends here */
    call    boot
    unimp

    .if HARTS > 1
late_hart:                          /* its struct hart was filled in before it was started */
    lla     a1, harts
    li      t1, HARTS
1:  lw      t0, HART_HARTID(a1)
    beq     t0, a0, hart_entry
    addi    a1, a1, HART_SIZE
    addi    t1, t1, -1
    bnez    t1, 1b
2:  wfi
    j       2b
    .endif

image_overlaps_tree:
    lla     s0, overlap_message
1:  lbu     a0, 0(s0)
    beqz    a0, 2f
    li      a7, 1                   /* legacy console putchar: needs no memory of ours */
    ecall
    addi    s0, s0, 1
    j       1b
2:  li      t0, FINISHER            /* the firmware's shutdown would end QEMU with status 0 */
    li      t1, FINISHER_PANIC
    sw      t1, 0(t0)
3:  wfi
    j       3b

/* Where the firmware starts every other hart:  a0 = hartid, a1 = its struct hart. The emergency stack
 * carries it until it has a thread. */
    .section .text.hart_entry, "ax", @progbits
    .globl hart_entry
    .type   hart_entry, @function
hart_entry:
    .option push
    .option norelax
    lla     gp, __global_pointer$
    .option pop
    csrw    sscratch, a1
    ld      sp, HART_EMERGENCY_SP(a1)
    ld      t0, kernel_satp         /* 0: this image does not translate */
    sfence.vma
    csrw    satp, t0
    sfence.vma
    li      fp, 0
    mv      a0, a1
    call    hart_start_c
    unimp
    .size   hart_entry, . - hart_entry

    .if HARTS > 1
    .section .data.entry, "aw", @progbits /* not in bss: that is cleared later */
    .balign 4
booting:
    .word   0
    .endif

    .section .rodata.entry, "a", @progbits
overlap_message:
    .asciz  "onering: the kernel image and the device tree overlap: give the machine more memory (-m)\n"

/* Below each stack lies a page that an image may leave unmapped. */
    .section .stack, "aw", @nobits
    .balign 4096
    .globl boot_guard
boot_guard:
    .skip   GUARD_SIZE
    .globl boot_stack
boot_stack:
    .skip   BOOT_STACK_SIZE
    .globl boot_stack_top
boot_stack_top:

    .balign 4096
    .globl emergency_stacks
emergency_stacks:
    .skip   HARTS * EMERGENCY_STACK_STRIDE
