/* From a trap to a C function (kernel shape). */
#pragma once
#include "kern/riscv/trap.h"

#define SYSCALL_TABLE_LEN 279 /* one more than the highest number; the generated table checks it */

typedef long syscall_thunk(const struct trapframe *tf);

extern syscall_thunk *const syscall_table[SYSCALL_TABLE_LEN]; /* NULL: no such call */
