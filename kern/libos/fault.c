/* What the application may do wrong, and what looks wrong and is not.
 *
 * Its stack is what sp says: a program with coroutines switches between stacks that nobody told the
 * kernel of, in memory from malloc or anywhere. An interrupt goes on such a stack, and may take the
 * thread off the hart there. So a stack has overflowed only when it has reached what cannot be written:
 * a guard page. With PAGING=bare there is none, and any memory behind the constants is good.
 */
#include "kern/core/panic.h"
#include "kern/dev/machine.h"
#include "kern/libos/libos.h"
#include "kern/libos/paging.h"
#include "kern/riscv/trap.h"
#include <stack_shape.h>

bool is_other_stack(uintptr_t lo, size_t size)
{
    uintptr_t last = lo + size - 1;
    return last - machine.ram.start < machine.ram.size && paging_is_writable(lo) &&
           paging_is_writable(last);
}

void libos_fault_init(void)
{
    trap_on_exception(fp_enable);
    trap_blame("fault", EXIT_STATUS_FAULT);
}
