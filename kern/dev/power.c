/* Switching the machine off: by the test finisher, a register of QEMU's virt machine.
 *
 *      31           16 15             0
 *     +---------------+----------------+
 *     |  exit status  |    command     |     one 32-bit word, write only
 *     +---------------+----------------+
 */
#include "kern/dev/power.h"
#include "kern/dev/machine.h"
#include "kern/dev/uart.h"
#include "kern/mem/kmap.h"
#include "kern/riscv/csr.h"
#include "kern/riscv/sbi.h"

enum finisher_command {
    FINISHER_FAIL = 0x3333,
    FINISHER_PASS = 0x5555, /* the exit status is ignored: it is 0 */
    FINISHER_RESET = 0x7777,
};

#define FINISHER_STATUS_SHIFT 16

static void finish(uint32_t word)
{
    uart_finish();
    if (machine.finisher.size == 0)
        return;
    volatile uint32_t *finisher = mmio_map(machine.finisher.base, machine.finisher.size);
    if (finisher)
        *finisher = word;
}

static void wait_forever(void) __attribute__((noreturn));
static void wait_forever(void)
{
    irq_disable();
    for (;;)
        __asm__ volatile("wfi");
}

void power_off(int status)
{
    finish(status == 0 ? FINISHER_PASS : status << FINISHER_STATUS_SHIFT | FINISHER_FAIL);
    sbi_shutdown(status != 0);
    wait_forever();
}

void power_reset(void)
{
    finish(FINISHER_RESET);
    sbi_reset();
    wait_forever();
}
