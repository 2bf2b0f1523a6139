/* What the application may do wrong, and the one exception that is no error. */
#include "kern/core/panic.h"
#include "kern/libos/libos.h"
#include "kern/riscv/trap.h"

void libos_fault_init(void)
{
    trap_on_exception(fp_enable);
    trap_blame("fault", EXIT_STATUS_FAULT);
}
