/* From the kernel's start-up to the program, and the program's stack. */
#include "kern/riscv/offsets.h"

#define MAIN_STACK_SIZE 262144

/* void enter_app(unsigned long *sp): interrupts go on, and crt0 takes over. */
    .section .text.enter_app, "ax", @progbits
    .globl enter_app
enter_app:
    mv      sp, a0
    li      fp, 0
    li      tp, 0
    csrsi   sstatus, 2
    tail    app_start

    .section .stack, "aw", @nobits
    .balign 4096
    .globl main_guard
main_guard:
    .skip   GUARD_SIZE
    .globl main_stack
main_stack:
    .skip   MAIN_STACK_SIZE
    .globl main_stack_top
main_stack_top:
