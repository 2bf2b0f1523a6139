/* The platform-level interrupt controller: devices in, harts out (RISC-V PLIC specification 1.0).
 *
 *      devices                 PLIC                            harts
 *      irq 1  ---->  priority[1]   enable[context][irq]
 *      ...           ...                 ...            ---->  context: one hart in one mode
 *      irq n  ---->  priority[n]   threshold[context]
 *
 *      +0x000000                     priority[irq], 32 bits each; 0 never interrupts
 *      +0x002000 + 0x80 * context    one enable bit for each irq
 *      +0x200000 + 0x1000 * context  threshold, then claim (read) and complete (write)
 *
 * Claiming takes the request with the highest priority; until it is completed the PLIC holds back
 * further requests of the same device, so a handler never runs twice at a time.
 *
 * A device interrupts the hart that registered it and no other: were it enabled on all, each request
 * would wake all harts, and all but one would find nothing to claim.
 */
#include "kern/core/boot.h"
#include "kern/core/init.h"
#include "kern/core/panic.h"
#include "kern/dev/irq.h"
#include "kern/dev/machine.h"
#include "kern/mem/kmap.h"
#include "kern/riscv/hart.h"
#include "kern/riscv/trap.h"
#include "kern/sched/spinlock.h"

#define PRIORITY_BASE  0x000000UL
#define ENABLE_BASE    0x002000UL
#define ENABLE_STRIDE  0x80UL
#define CONTEXT_BASE   0x200000UL
#define CONTEXT_STRIDE 0x1000UL
#define IRQS_MAX       1024

/* Registers of a context. */
enum { THRESHOLD = 0, CLAIM = 1, CONTEXT_SIZE = 8 };

#define HANDLERS_MAX 16

struct handler {
    uint32_t irq;
    void (*run)(void *arg);
    void *arg;
};

/* Filled from the front and never changed again, so the interrupt reads them without the lock. */
static struct handler handlers[HANDLERS_MAX];
static uint32_t nhandlers;
static struct spinlock plic_lock = SPINLOCK_INIT; /* guards adding a handler and enable bits */

static volatile char *plic;                /* priorities and enable bits, once mapped */
static volatile uint32_t *contexts[HARTS]; /* by hart index; NULL: takes no interrupts yet */

static volatile void *map(uintptr_t offset, size_t len)
{
    volatile void *registers = mmio_map(machine.plic.base + offset, len);
    if (!registers)
        boot_out_of_memory("the interrupt controller's registers");
    return registers;
}

static struct handler *find_handler(uint32_t irq)
{
    uint32_t n = __atomic_load_n(&nhandlers, __ATOMIC_ACQUIRE);
    for (struct handler *handler = handlers; handler < handlers + n; handler++)
        if (handler->irq == irq)
            return handler;
    return NULL;
}

static void handle_external(void)
{
    volatile uint32_t *context = contexts[this_hart()->index];
    uint32_t irq;
    while ((irq = context[CLAIM]) != 0) {
        struct handler *handler = find_handler(irq);
        if (handler)
            handler->run(handler->arg);
        context[CLAIM] = irq;
    }
}

static void plic_init(void)
{
    trap_on_interrupt(IRQ_EXTERNAL, handle_external);
}

INIT_ENTRY(INIT_TRAPS, plic_init);

/* Lets this hart take external interrupts. Lock held. */
static void enable_hart(uint32_t context)
{
    volatile uint32_t **registers = &contexts[this_hart()->index];
    if (*registers)
        return;
    *registers = map(CONTEXT_BASE + context * CONTEXT_STRIDE, CONTEXT_SIZE);
    (*registers)[THRESHOLD] = 0; /* every priority above 0 passes */
    csr_set(sie, 1UL << IRQ_EXTERNAL);
}

/* Lets the device interrupt this context. Lock held. */
static void enable_irq(uint32_t irq, uint32_t context)
{
    if (!plic)
        plic = map(0, ENABLE_BASE + 2 * MACHINE_HARTS_MAX * ENABLE_STRIDE);
    volatile uint32_t *priorities = (volatile uint32_t *)(plic + PRIORITY_BASE);
    volatile uint32_t *enabled =
        (volatile uint32_t *)(plic + ENABLE_BASE + context * ENABLE_STRIDE);
    priorities[irq] = 1;
    enabled[irq / 32] |= 1U << irq % 32;
}

void irq_register(uint32_t irq, void (*run)(void *arg), void *arg)
{
    INIT_NEEDS(plic_init);
    assert(irq > 0 && irq < IRQS_MAX && !find_handler(irq));
    spin_lock(&plic_lock);
    assert(nhandlers < HANDLERS_MAX);
    handlers[nhandlers] = (struct handler){irq, run, arg};
    __atomic_store_n(&nhandlers, nhandlers + 1, __ATOMIC_RELEASE);
    uint32_t context = machine_plic_context(this_hart()->hartid);
    if (machine.plic.size > 0 && context != PLIC_NO_CONTEXT) {
        enable_hart(context);
        enable_irq(irq, context);
    }
    spin_unlock(&plic_lock);
}
