/* Offsets and sizes that assembly needs; kern/riscv/hart.c asserts that they are those of C. */
#pragma once

#define HART_TRAP_SP      0
#define HART_TRAP_T0      8
#define HART_CURRENT      16
#define HART_EMERGENCY_SP 24
#define HART_GP           32
#define HART_HARTID       44
#define HART_SIZE         128

#define THREAD_STACK_LO 0
#define THREAD_STACK_HI 8
#define THREAD_CONTEXT  16
#define THREAD_FP_LIVE  136
#define THREAD_FP       144

#define TF_REG(n) (8 * (n))
#define TF_PC     256
#define TF_STATUS 264
#define TF_CAUSE  272
#define TF_ADDR   280
#define TF_SIZE   288

#define EMERGENCY_STACK_SIZE   4096
#define EMERGENCY_STACK_STRIDE 8192 /* a guard page, then the stack */
#define GUARD_SIZE             4096
#define BOOT_STACK_SIZE        8192
