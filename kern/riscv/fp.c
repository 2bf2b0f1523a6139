/* The floating-point unit, given to a thread when it first uses it.
 *
 * Most threads never do, and switching them costs nothing extra: their sstatus.FS is off, so the first
 * floating-point instruction is an illegal one, comes here, and is tried again with the unit on.
 * The instruction is not decoded: if it really is illegal it traps again, with the unit on.
 */
#include "kern/riscv/trap.h"
#include "kern/riscv/fp.h"
#include "kern/sched/thread.h"

bool fp_enable(struct trapframe *tf)
{
    if (tf->cause != EXC_ILLEGAL || (tf->status & SSTATUS_FS) != FS_OFF)
        return false;
    struct thread *thread = this_hart()->current;
    thread->fp = (struct fpstate){0};
    thread->fp_live = true;
    csr_set(sstatus, FS_DIRTY);
    fp_restore(&thread->fp);
    tf->status |= FS_DIRTY;
    return true;
}

void thread_save_fp(void)
{
    bool irqs_were_on = irq_save();
    if ((csr_read(sstatus) & SSTATUS_FS) == FS_DIRTY)
        fp_save(&this_hart()->current->fp);
    irq_restore(irqs_were_on);
}
