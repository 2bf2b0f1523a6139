/* The trap vector: interrupts and faults of the kernel, or in the fused shape of the application, come
 * in here. (With processes, user_vector comes first, kern/proc/user_vector.S: it goes on here, or uses
 * what is below.)
 *
 * The hardware has saved pc, mode and cause in CSRs and turned interrupts off; all 31 registers still
 * belong to whoever was interrupted. The first register is won by swapping tp with sscratch, which
 * always points at this hart's struct hart; two more go to fields there. Only then is there room to
 * decide which stack the trapframe goes to: below sp, if sp is inside the running thread's stack; else
 * to the emergency stack, so that a stack overflow becomes a report, not an endless fault. From there
 * trap_stack() moves it below sp after all, if that is a stack which the program made for itself.
 *
 * In between nothing may fault, and interrupts stay off.
 *
 * On the way back the registers that a C function preserves (s1 to s11) still have the values they came
 * with and are not loaded again; only trap_return() loads all. Whoever changes those in a trapframe
 * goes to user mode through trap_return().
 */
#include "kern/riscv/offsets.h"

    .section .text.trap_vector, "ax", @progbits
    .globl trap_vector
    .balign 4                       /* stvec keeps its mode in the two low bits */
trap_vector:
    csrrw   tp, sscratch, tp
    sd      sp, HART_TRAP_SP(tp)
    sd      t0, HART_TRAP_T0(tp)

    .globl trap_from_kernel
trap_from_kernel:                   /* tp = struct hart, which keeps t0, and sp too */
    ld      t0, HART_CURRENT(tp)
    ld      t0, THREAD_STACK_LO(t0)
    addi    t0, t0, TF_SIZE
    bltu    sp, t0, bad_stack
    ld      t0, HART_CURRENT(tp)
    ld      t0, THREAD_STACK_HI(t0)
    bltu    t0, sp, bad_stack
    andi    sp, sp, -16
on_stack:
    addi    sp, sp, -TF_SIZE
    sd      gp, TF_REG(3)(sp)
    jal     t0, save_registers
    mv      a0, sp
handle:
    call    trap_kernel

    .globl restore_registers
restore_registers:                  /* sp = trapframe, interrupts off */
    ld      t0, TF_PC(sp)
    ld      t1, TF_STATUS(sp)
    csrw    sepc, t0
    csrw    sstatus, t1
    ld      ra, TF_REG(1)(sp)
    ld      gp, TF_REG(3)(sp)
    ld      tp, TF_REG(4)(sp)
    ld      t0, TF_REG(5)(sp)
    ld      t1, TF_REG(6)(sp)
    ld      t2, TF_REG(7)(sp)
    ld      s0, TF_REG(8)(sp)       /* it was the handler's frame pointer */
    ld      a0, TF_REG(10)(sp)
    ld      a1, TF_REG(11)(sp)
    ld      a2, TF_REG(12)(sp)
    ld      a3, TF_REG(13)(sp)
    ld      a4, TF_REG(14)(sp)
    ld      a5, TF_REG(15)(sp)
    ld      a6, TF_REG(16)(sp)
    ld      a7, TF_REG(17)(sp)
    ld      t3, TF_REG(28)(sp)
    ld      t4, TF_REG(29)(sp)
    ld      t5, TF_REG(30)(sp)
    ld      t6, TF_REG(31)(sp)
    ld      sp, TF_REG(2)(sp)
    sret

bad_stack:
    /* A trap while already on the emergency stack goes on below; else start at its top. */
    ld      t0, HART_EMERGENCY_SP(tp)
    bltu    t0, sp, 1f
    addi    t0, t0, -EMERGENCY_STACK_SIZE / 2   /* all of it is too much for one */
    addi    t0, t0, -EMERGENCY_STACK_SIZE / 2 + TF_SIZE
    bgeu    sp, t0, on_stack
1:  ld      sp, HART_EMERGENCY_SP(tp)
    addi    sp, sp, -TF_SIZE
    sd      gp, TF_REG(3)(sp)
    jal     t0, save_registers
    mv      a0, sp
    call    trap_stack
    mv      sp, a0
    j       handle

/* sp = trapframe, gp already saved, tp = struct hart, t0 = return address. */
    .globl save_registers
save_registers:
    sd      ra, TF_REG(1)(sp)
    sd      t1, TF_REG(6)(sp)
    sd      t2, TF_REG(7)(sp)
    sd      s0, TF_REG(8)(sp)
    sd      s1, TF_REG(9)(sp)
    sd      a0, TF_REG(10)(sp)
    sd      a1, TF_REG(11)(sp)
    sd      a2, TF_REG(12)(sp)
    sd      a3, TF_REG(13)(sp)
    sd      a4, TF_REG(14)(sp)
    sd      a5, TF_REG(15)(sp)
    sd      a6, TF_REG(16)(sp)
    sd      a7, TF_REG(17)(sp)
    sd      s2, TF_REG(18)(sp)
    sd      s3, TF_REG(19)(sp)
    sd      s4, TF_REG(20)(sp)
    sd      s5, TF_REG(21)(sp)
    sd      s6, TF_REG(22)(sp)
    sd      s7, TF_REG(23)(sp)
    sd      s8, TF_REG(24)(sp)
    sd      s9, TF_REG(25)(sp)
    sd      s10, TF_REG(26)(sp)
    sd      s11, TF_REG(27)(sp)
    sd      t3, TF_REG(28)(sp)
    sd      t4, TF_REG(29)(sp)
    sd      t5, TF_REG(30)(sp)
    sd      t6, TF_REG(31)(sp)
    ld      t1, HART_TRAP_SP(tp)
    ld      t2, HART_TRAP_T0(tp)
    csrrw   t3, sscratch, tp        /* back to normal: sscratch = struct hart */
    csrr    t4, sepc
    csrr    t5, sstatus
    csrr    t6, scause
    csrr    a1, stval
    sd      t1, TF_REG(2)(sp)
    sd      t2, TF_REG(5)(sp)
    sd      t3, TF_REG(4)(sp)
    sd      t4, TF_PC(sp)
    sd      t5, TF_STATUS(sp)
    sd      t6, TF_CAUSE(sp)
    sd      a1, TF_ADDR(sp)
    ld      tp, HART_CURRENT(tp)    /* the kernel shape's thread_current() */
    li      fp, 0                   /* a backtrace ends at the trap */
    jr      t0
save_registers_end:
