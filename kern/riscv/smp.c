/* Several harts: bringing them up, interrupting them, keeping their translations honest. */
#include "kern/core/init.h"
#include "kern/core/panic.h"
#include "kern/dev/machine.h"
#include "kern/riscv/hart.h"
#include "kern/riscv/sbi.h"
#include "kern/riscv/trap.h"
#include "kern/sched/thread.h"

extern char hart_entry[];

static unsigned long trap_entry; /* where the boot hart takes its traps, and so all do */
static bool stopping;            /* a panic wants every other hart to halt */

static void software_interrupt(void)
{
    csr_clear(sip, 1UL << IRQ_SOFTWARE);
    while (__atomic_load_n(&stopping, __ATOMIC_RELAXED))
        __asm__ volatile("wfi");
}

static void smp_init(void)
{
    trap_on_interrupt(IRQ_SOFTWARE, software_interrupt);
    panic_stop_harts = harts_stop;
}
INIT_ENTRY(INIT_TRAPS, smp_init);

/* First C code of a new hart, on its emergency stack, called by hart_entry. */
void __attribute__((noreturn)) hart_start_c(struct hart *hart)
{
    trap_init_hart();
    csr_write(stvec, trap_entry);
    csr_set(sie, 1UL << IRQ_SOFTWARE);
    __atomic_fetch_add(&harts_online, 1, __ATOMIC_RELEASE);
    harts_interrupt(1); /* the boot hart waits for this */
    thread_begin_hart(hart->current);
}

static bool hart_start(uint32_t hartid, struct thread *(*first_thread)(struct hart *))
{
    uint32_t index = harts_online;
    struct hart *hart = &harts[index];
    hart_init(hart, index, hartid);
    hart->current = first_thread(hart);
    if (!hart->current || sbi_hart_start(hartid, (uintptr_t)hart_entry, (uintptr_t)hart) != 0)
        return false;
    while (__atomic_load_n(&harts_online, __ATOMIC_ACQUIRE) == index) {
        __asm__ volatile("wfi"); /* ends for an interrupt that is turned off, too */
        csr_clear(sip, 1UL << IRQ_SOFTWARE);
    }
    return true;
}

void harts_start(struct thread *(*first_thread)(struct hart *hart))
{
    INIT_NEEDS(smp_init);
    trap_entry = csr_read(stvec);
    csr_set(sie, 1UL << IRQ_SOFTWARE);
    for (uint32_t i = 0; i < machine.nharts && harts_online < HARTS; i++)
        if (machine.hartids[i] != harts[0].hartid)
            hart_start(machine.hartids[i], first_thread);
}

/* Calls `call` for the harts in `mask`, in runs of hart numbers that fit one firmware mask. */
static void sbi_for_mask(uint64_t mask, void (*call)(uint64_t mask, uint64_t base, void *arg),
                         void *arg)
{
    while (mask) {
        uint64_t sbi_mask = 0, base = 0;
        for (uint32_t i = 0; i < harts_online; i++) {
            uint32_t hartid = harts[i].hartid;
            if (!(mask & (1UL << i)))
                continue;
            if (!sbi_mask)
                base = hartid & ~63UL;
            if (hartid - base >= 64)
                continue;
            sbi_mask |= 1UL << (hartid - base);
            mask &= ~(1UL << i);
        }
        if (!sbi_mask)
            return;
        call(sbi_mask, base, arg);
    }
}

static void send_ipi(uint64_t mask, uint64_t base, void *arg)
{
    (void)arg;
    sbi_send_ipi(mask, base);
}

void harts_interrupt(uint64_t mask)
{
    if (HARTS > 1 && mask)
        sbi_for_mask(mask, send_ipi, NULL);
}

void harts_stop(void)
{
    uint64_t others = 0;
    bool irqs_were_on = irq_save();
    for (uint32_t i = 0; i < harts_online; i++)
        if (&harts[i] != this_hart())
            others |= 1UL << i;
    irq_restore(irqs_were_on);
    __atomic_store_n(&stopping, true, __ATOMIC_RELAXED);
    harts_interrupt(others);
}

static void send_sfence(uint64_t mask, uint64_t base, void *arg)
{
    const uintptr_t *range = arg;
    sbi_remote_sfence(mask, base, range[0], range[1]);
}

void harts_sfence(uint64_t mask, uintptr_t va, size_t len)
{
    if (HARTS == 1)
        return;
    uintptr_t range[2] = {va, len};
    bool irqs_were_on = irq_save();
    mask &= ~(1UL << this_hart()->index);
    irq_restore(irqs_were_on);
    if (mask)
        sbi_for_mask(mask, send_sfence, range);
}
