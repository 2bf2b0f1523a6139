/* The 16550 serial port: sending and receiving by interrupts.
 *
 * The rules of this chip, all learnt the hard way by somebody:
 *   - The transmit interrupt says "FIFO empty" and comes at once when it is enabled with nothing to
 *     send. So it is on exactly while bytes wait in the queue; otherwise the machine would drown in it.
 *   - The identification register (IIR) forgets a transmit interrupt when it is read. We never read
 *     it: the line status says what is to be done, and doing it takes the request back.
 *   - A receive interrupt stays until the receive FIFO is empty: one byte per interrupt loses data.
 */
#include "kern/core/init.h"
#include "kern/dev/irq.h"
#include "kern/dev/machine.h"
#include "kern/dev/uart.h"
#include "kern/dev/uart_port.h"

#define QUEUE_SIZE 512 /* a power of two: the indices run freely */

static struct {
    uint8_t interrupts;  /* what INTERRUPT_ENABLE holds */
    bool room_wanted;    /* a uart_send got rid of less than all */
    unsigned head, tail; /* queue[tail .. head) waits to be sent */
    char queue[QUEUE_SIZE];
    void (*receive)(char byte); /* set at start-up, then constant */
    void (*room)(void);
} uart; /* guarded by uart_lock */

static void set_interrupts(volatile uint8_t *port, uint8_t interrupts)
{
    if (interrupts == uart.interrupts)
        return;
    uart.interrupts = interrupts;
    port[INTERRUPT_ENABLE] = interrupts;
}

/* Moves bytes from the queue to the FIFO as far as they fit; the interrupt will go on. */
static void drain_queue(volatile uint8_t *port)
{
    while (uart.tail != uart.head && (port[LINE_STATUS] & STATUS_SENT))
        for (int room = UART_FIFO_SIZE; room > 0 && uart.tail != uart.head; room--)
            port[DATA] = uart.queue[uart.tail++ % QUEUE_SIZE];
    uint8_t receiving = uart.interrupts & INTERRUPT_RECEIVED;
    set_interrupts(port, uart.tail != uart.head ? receiving | INTERRUPT_SENT : receiving);
}

static void flush_queue(volatile uint8_t *port)
{
    while (uart.tail != uart.head) {
        uart_wait_until_sent(port);
        drain_queue(port);
    }
}

static size_t fill_queue(const char *bytes, size_t n)
{
    size_t taken = 0;
    while (taken < n && uart.head - uart.tail < QUEUE_SIZE)
        uart.queue[uart.head++ % QUEUE_SIZE] = bytes[taken++];
    return taken;
}

static void receive_all(volatile uint8_t *port)
{
    while (port[LINE_STATUS] & STATUS_RECEIVED) {
        char byte = (char)port[DATA];
        if (uart.receive)
            uart.receive(byte); /* may send an echo: the lock is not held */
    }
}

static void handle_interrupt(void *arg)
{
    volatile uint8_t *port = arg;
    receive_all(port);
    spin_lock(&uart_lock);
    drain_queue(port);
    bool tell = uart.room_wanted && uart.head - uart.tail <= QUEUE_SIZE / 2;
    if (tell)
        uart.room_wanted = false;
    spin_unlock(&uart_lock);
    if (tell && uart.room)
        uart.room();
}

static void uart_queue_init(void)
{
    spin_lock(&uart_lock);
    volatile uint8_t *port = uart_port();
    if (port)
        set_interrupts(port, INTERRUPT_RECEIVED);
    uart_flush_queue = flush_queue;
    spin_unlock(&uart_lock);
    if (port && machine.uart.irq)
        irq_register(machine.uart.irq, handle_interrupt, (void *)port);
}
INIT_ENTRY(INIT_DEVICES, uart_queue_init);

size_t uart_send(const char *bytes, size_t n)
{
    INIT_NEEDS(uart_queue_init);
    spin_lock(&uart_lock);
    volatile uint8_t *port = uart_port();
    size_t taken = port ? 0 : n; /* without a port there is nothing to wait for */
    size_t just_taken;
    do { /* a fast port makes room while we fill */
        just_taken = fill_queue(bytes + taken, n - taken);
        taken += just_taken;
        if (port)
            drain_queue(port);
    } while (taken < n && just_taken > 0);
    uart.room_wanted |= taken < n;
    spin_unlock(&uart_lock);
    return taken;
}

void uart_on_receive(void (*receive)(char byte))
{
    INIT_NEEDS(uart_queue_init);
    uart.receive = receive;
}

void uart_on_room(void (*room)(void))
{
    INIT_NEEDS(uart_queue_init);
    uart.room = room;
}
