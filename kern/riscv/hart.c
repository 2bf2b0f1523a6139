/* The record of each hart, and the proof that assembly and C agree on the layouts they share. */
#include "kern/riscv/hart.h"
#include "kern/riscv/trap.h"
#include "kern/sched/thread.h"

_Static_assert(offsetof(struct hart, trap_sp) == HART_TRAP_SP, "offsets.h");
_Static_assert(offsetof(struct hart, trap_t0) == HART_TRAP_T0, "offsets.h");
_Static_assert(offsetof(struct hart, current) == HART_CURRENT, "offsets.h");
_Static_assert(offsetof(struct hart, emergency_sp) == HART_EMERGENCY_SP, "offsets.h");
_Static_assert(offsetof(struct hart, gp) == HART_GP, "offsets.h");
_Static_assert(offsetof(struct hart, hartid) == HART_HARTID, "offsets.h");
_Static_assert(sizeof(struct hart) == HART_SIZE, "offsets.h");
_Static_assert(offsetof(struct thread, stack_lo) == THREAD_STACK_LO, "offsets.h");
_Static_assert(offsetof(struct thread, stack_hi) == THREAD_STACK_HI, "offsets.h");
_Static_assert(offsetof(struct thread, context) == THREAD_CONTEXT, "offsets.h");
_Static_assert(offsetof(struct thread, fp_live) == THREAD_FP_LIVE, "offsets.h");
_Static_assert(offsetof(struct thread, fp) == THREAD_FP, "offsets.h");
_Static_assert(offsetof(struct trapframe, pc) == TF_PC, "offsets.h");
_Static_assert(sizeof(struct trapframe) == TF_SIZE, "offsets.h");
_Static_assert(HARTS >= 1 && HARTS <= 64, "HARTS must be 1 .. 64: sets of harts are 64-bit masks");

struct hart harts[HARTS];
uint32_t harts_online = 1;
unsigned long kernel_satp;

extern char emergency_stacks[HARTS][EMERGENCY_STACK_STRIDE]; /* entry.S */

void hart_init(struct hart *hart, uint32_t index, uint32_t hartid)
{
    __asm__("mv %0, gp" : "=r"(hart->gp));
    hart->index = index;
    hart->hartid = hartid;
    hart->emergency_sp = (unsigned long)emergency_stacks[index] + EMERGENCY_STACK_STRIDE;
}
