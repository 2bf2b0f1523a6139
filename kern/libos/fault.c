/* What the application may do wrong: the report, and the one exception that is no error. */
#include "kern/core/panic.h"
#include "kern/libos/libos.h"
#include "kern/riscv/trap.h"

static bool handle_exception(struct trapframe *tf)
{
    if (fp_enable(tf))
        return true;
    panic_trap(tf, "fault", EXIT_STATUS_FAULT, "%s at address %p", trap_cause_name(tf->cause),
               (void *)tf->addr);
}

void libos_fault_init(void)
{
    trap_on_exception(handle_exception);
}
