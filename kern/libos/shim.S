/* The trap shim (SYSCALL=trap): system calls of the fused program by a trap from S-mode to S-mode.
 *
 * It exists to be measured and taught: it is what a unikernel pays that runs unmodified binaries. The
 * stubs put a number into a7 and execute `ebreak`. The shim keeps what a C function may change (the
 * caller-saved registers), finds the function in shim_table, calls it with the arguments where they
 * are, and returns behind the ebreak. Every other trap goes on to the general vector.
 *
 *     sp ->   0  ra t0-t6         (8 words)
 *            64  a1-a7            (7 words)
 *           120  sepc, sstatus
 *           136  unused
 */
#include "kern/riscv/offsets.h"

#define FRAME 144
#define CAUSE_BREAKPOINT 3
#define SSTATUS_SIE_SPIE_SHIFT 4    /* SPIE is four bits above SIE */
#define ENOSYS 38

    .macro caller_saved what        /* sd or ld; a0 is the result */
    \what  ra, 0(sp)
    \what  t0, 8(sp)
    \what  t1, 16(sp)
    \what  t2, 24(sp)
    \what  t3, 32(sp)
    \what  t4, 40(sp)
    \what  t5, 48(sp)
    \what  t6, 56(sp)
    \what  a1, 64(sp)
    \what  a2, 72(sp)
    \what  a3, 80(sp)
    \what  a4, 88(sp)
    \what  a5, 96(sp)
    \what  a6, 104(sp)
    \what  a7, 112(sp)
    .endm

    .section .text.shim_vector, "ax", @progbits
    .globl shim_vector
    .balign 4
shim_vector:
    csrrw   tp, sscratch, tp
    sd      t0, HART_TRAP_T0(tp)
    csrr    t0, scause
    addi    t0, t0, -CAUSE_BREAKPOINT
    bnez    t0, not_a_call
    ld      t0, HART_TRAP_T0(tp)
    csrrw   tp, sscratch, tp

    addi    sp, sp, -FRAME
    caller_saved sd
    csrr    t0, sepc
    csrr    t1, sstatus
    addi    t0, t0, 4               /* the stubs' ebreak is never compressed */
    sd      t0, 120(sp)
    sd      t1, 128(sp)
    srli    t1, t1, SSTATUS_SIE_SPIE_SHIFT
    andi    t1, t1, 2
    csrs    sstatus, t1             /* interrupts as the caller had them */

    lui     t2, %hi(shim_table_len)
    addi    t2, t2, %lo(shim_table_len)
    bgeu    a7, t2, no_such_call
    lla     t1, shim_table
    slli    t2, a7, 3
    add     t1, t1, t2
    ld      t1, 0(t1)
    beqz    t1, no_such_call
    jalr    t1
return_to_caller:
    csrci   sstatus, 2
    ld      t0, 120(sp)
    ld      t1, 128(sp)
    csrw    sepc, t0
    csrw    sstatus, t1
    caller_saved ld
    addi    sp, sp, FRAME
    sret

no_such_call:
    li      a0, -ENOSYS
    j       return_to_caller

not_a_call:
    ld      t0, HART_TRAP_T0(tp)
    csrrw   tp, sscratch, tp
    j       trap_vector

    .section .text.shim_init, "ax", @progbits
shim_init:
    lla     t0, shim_vector
    csrw    stvec, t0
    ret

/* Every stub names this entry: the shim is there exactly if one is. */
    .section .init_table.30.shim_init, "a", @progbits
    .globl init_entry_shim_init
init_entry_shim_init:
    .dword  shim_init

    .section .rodata.clone_frame_size, "a", @progbits
    .balign 8
    .globl clone_frame_size
clone_frame_size:
    .dword  FRAME
