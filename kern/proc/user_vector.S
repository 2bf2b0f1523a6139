/* The way in from user mode, and the way out for the first time (kernel shape).
 *
 * An image with processes takes its traps here, not at trap_vector. What comes from the kernel goes on
 * there; what comes from a program is saved on top of the running thread's kernel stack, which is empty
 * while the thread is in user mode:
 *
 *     thread->stack_hi  +-------------------------+
 *                       | trapframe               |  TF_SIZE bytes; thread->tf
 *                       +-------------------------+  <- sp when user_trap() is called
 *
 * A trap changes neither the page table nor the thread. Until gp is the kernel's, no C may run.
 */
#include "kern/riscv/offsets.h"

#define SSTATUS_SPP 0x100

    .section .text.user_vector, "ax", @progbits
    .globl user_vector
    .balign 4                       /* stvec keeps its mode in the two low bits */
user_vector:
    csrrw   tp, sscratch, tp
    sd      sp, HART_TRAP_SP(tp)
    sd      t0, HART_TRAP_T0(tp)
    csrr    t0, sstatus
    andi    t0, t0, SSTATUS_SPP
    bnez    t0, trap_from_kernel

/* tp = struct hart, which keeps the program's sp and t0; all other registers are the program's. */
from_user:
    ld      sp, HART_CURRENT(tp)
    ld      sp, THREAD_STACK_HI(sp)
    addi    sp, sp, -TF_SIZE
    sd      gp, TF_REG(3)(sp)
    ld      gp, HART_GP(tp)
    jal     t0, save_registers
    mv      a0, sp
    call    user_trap
    j       restore_registers
user_vector_end:

/* void trap_return(struct trapframe *tf)
 *
 * restore_registers leaves out what a C function preserves (s1 to s11); here nothing was preserved. */
    .section .text.trap_return, "ax", @progbits
    .globl trap_return
trap_return:
    csrci   sstatus, 2              /* SIE: from here to sret nothing may come in between */
    mv      sp, a0
    ld      s1, TF_REG(9)(sp)
    ld      s2, TF_REG(18)(sp)
    ld      s3, TF_REG(19)(sp)
    ld      s4, TF_REG(20)(sp)
    ld      s5, TF_REG(21)(sp)
    ld      s6, TF_REG(22)(sp)
    ld      s7, TF_REG(23)(sp)
    ld      s8, TF_REG(24)(sp)
    ld      s9, TF_REG(25)(sp)
    ld      s10, TF_REG(26)(sp)
    ld      s11, TF_REG(27)(sp)
    j       restore_registers
trap_return_end:
