/* The 16550 serial port: finding it, and sending by polling.
 *
 *      uart_send --> queue --> transmit FIFO (16 bytes) --> shift register --> wire
 *      uart_write_now ------------^
 *                              receive FIFO (16 bytes) <---------------------- wire
 *
 * Polled bytes go out behind what is queued, so that texts appear in the order in which they were
 * written. THRE in the line status means that the transmit FIFO is *empty*: then, and only then, 16
 * bytes fit. There is no bit for "not full".
 */
#include "kern/dev/uart.h"
#include "kern/core/printk.h"
#include "kern/dev/machine.h"
#include "kern/dev/uart_port.h"
#include "kern/mem/kmap.h"
#include "kern/riscv/sbi.h"

struct spinlock uart_lock = SPINLOCK_INIT;
void (*uart_flush_queue)(volatile uint8_t *port);

static void set_up(volatile uint8_t *port) /* the firmware has chosen the speed */
{
    static bool done;
    if (done)
        return;
    done = true;
    port[INTERRUPT_ENABLE] = 0;
    port[LINE_CONTROL] = LINE_8N1;
    port[FIFO_CONTROL] = FIFO_ENABLE;
    port[MODEM_CONTROL] = MODEM_DTR_RTS_OUT2;
}

volatile uint8_t *uart_port(void)
{
    static volatile uint8_t *mapped; /* once translation is on; never changes again */
    volatile uint8_t *port = (volatile uint8_t *)machine.uart.base;
    if (csr_read(satp) != 0) {
        if (!mapped && machine.uart.size > 0)
            mapped = mmio_map(machine.uart.base, machine.uart.size);
        port = mapped;
    }
    if (port)
        set_up(port);
    return port;
}

static void send_polled(volatile uint8_t *port, const char *bytes, size_t n)
{
    while (n > 0) {
        uart_wait_until_sent(port);
        for (int room = UART_FIFO_SIZE; room > 0 && n > 0; room--, n--)
            port[DATA] = *bytes++;
    }
}

/* Without a port, the firmware's console. */
static void send(const char *bytes, size_t n)
{
    volatile uint8_t *port = uart_port();
    if (port) {
        if (uart_flush_queue)
            uart_flush_queue(port);
        send_polled(port, bytes, n);
        return;
    }
    while (n-- > 0)
        sbi_putchar(*bytes++);
}

void uart_write_now(const char *bytes, size_t n)
{
    if (printk_ignores_locks()) {
        send(bytes, n);
        return;
    }
    spin_lock(&uart_lock);
    send(bytes, n);
    spin_unlock(&uart_lock);
}

void uart_finish(void)
{
    uart_write_now(NULL, 0);
    volatile uint8_t *port = uart_port();
    while (port && !(port[LINE_STATUS] & STATUS_ALL_SENT))
        ;
}
