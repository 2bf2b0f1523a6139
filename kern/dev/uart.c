/* The 16550 serial port.
 *
 *      uart_send --> queue --> transmit FIFO (16 bytes) --> wire
 *                                receive FIFO (16 bytes) <-- wire
 *
 * The rules of this chip, all learnt the hard way by somebody:
 *   - THRE in the line status means that the transmit FIFO is *empty*: then, and only then, 16 bytes
 *     fit. There is no bit for "not full".
 *   - The transmit interrupt says "empty" and comes at once when it is enabled with nothing to send.
 *     So it is on exactly while bytes wait in the queue; otherwise the machine would drown in it.
 *   - The identification register (IIR) forgets a transmit interrupt when it is read. We never read
 *     it: the line status says what is to be done, and doing it takes the request back.
 *   - A receive interrupt stays until the receive FIFO is empty: one byte per interrupt loses data.
 *
 * Sending by polling (printk) and by queue (the terminal) share the port under one lock; polled bytes
 * go out behind what is queued, so that texts appear in the order in which they were written.
 */
#include "kern/dev/uart.h"
#include "kern/core/init.h"
#include "kern/core/printk.h"
#include "kern/dev/irq.h"
#include "kern/dev/machine.h"
#include "kern/mem/kmap.h"
#include "kern/riscv/sbi.h"
#include "kern/sched/spinlock.h"

/* Registers, one byte each; some are two, one for reading and one for writing. */
enum {
    DATA = 0, /* read: received byte; write: byte to send */
    INTERRUPT_ENABLE = 1,
    FIFO_CONTROL = 2, /* write */
    LINE_CONTROL = 3,
    MODEM_CONTROL = 4,
    LINE_STATUS = 5,
};

enum {
    INTERRUPT_RECEIVED = 1, /* in INTERRUPT_ENABLE */
    INTERRUPT_SENT = 2,
    FIFO_ENABLE = 1,           /* in FIFO_CONTROL */
    LINE_8N1 = 3,              /* in LINE_CONTROL: 8 bits, no parity, 1 stop bit */
    MODEM_DTR_RTS_OUT2 = 0x0b, /* in MODEM_CONTROL; OUT2 gates the interrupt on some boards */
    STATUS_RECEIVED = 1,       /* in LINE_STATUS: a byte waits in DATA */
    STATUS_SENT = 0x20,        /* THRE: the transmit FIFO is empty */
};

#define FIFO_SIZE  16
#define QUEUE_SIZE 512 /* a power of two: the indices run freely */

static struct {
    struct spinlock lock; /* guards everything here; innermost: nothing is taken under it but memory
                             for mapping the registers */
    volatile uint8_t *mapped; /* the registers once translation is on; never changes again */
    bool ready;               /* the port has been set up */
    uint8_t interrupts;       /* what INTERRUPT_ENABLE holds */
    bool room_wanted;         /* a uart_send got rid of less than all */
    unsigned head, tail;      /* queue[tail .. head) waits to be sent */
    char queue[QUEUE_SIZE];
    void (*receive)(char byte); /* set at start-up, then constant */
    void (*room)(void);
} uart;

/* NULL: there is no port, or no memory to map it. Lock held. */
static volatile uint8_t *registers(void)
{
    volatile uint8_t *port;
    if (csr_read(satp) == 0) {
        port = (volatile uint8_t *)machine.uart.base;
    } else {
        if (!uart.mapped && machine.uart.size > 0)
            uart.mapped = mmio_map(machine.uart.base, machine.uart.size);
        port = uart.mapped;
    }
    if (port && !uart.ready) { /* the firmware has chosen the speed */
        uart.ready = true;
        port[INTERRUPT_ENABLE] = 0;
        port[LINE_CONTROL] = LINE_8N1;
        port[FIFO_CONTROL] = FIFO_ENABLE;
        port[MODEM_CONTROL] = MODEM_DTR_RTS_OUT2;
    }
    return port;
}

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
        for (int room = FIFO_SIZE; room > 0 && uart.tail != uart.head; room--)
            port[DATA] = uart.queue[uart.tail++ % QUEUE_SIZE];
    uint8_t receiving = uart.interrupts & INTERRUPT_RECEIVED;
    set_interrupts(port, uart.tail != uart.head ? receiving | INTERRUPT_SENT : receiving);
}

static size_t fill_queue(const char *bytes, size_t n)
{
    size_t taken = 0;
    while (taken < n && uart.head - uart.tail < QUEUE_SIZE)
        uart.queue[uart.head++ % QUEUE_SIZE] = bytes[taken++];
    return taken;
}

static void handle_interrupt(void *unused)
{
    (void)unused;
    volatile uint8_t *port = uart.mapped ? uart.mapped : (volatile uint8_t *)machine.uart.base;
    while (port[LINE_STATUS] & STATUS_RECEIVED) {
        char byte = (char)port[DATA];
        if (uart.receive)
            uart.receive(byte);
    }
    spin_lock(&uart.lock);
    drain_queue(port);
    bool tell = uart.room_wanted && uart.head - uart.tail <= QUEUE_SIZE / 2;
    if (tell)
        uart.room_wanted = false;
    spin_unlock(&uart.lock);
    if (tell && uart.room)
        uart.room();
}

static void uart_init(void)
{
    spin_lock(&uart.lock);
    volatile uint8_t *port = registers();
    if (port)
        set_interrupts(port, uart.interrupts | INTERRUPT_RECEIVED);
    spin_unlock(&uart.lock);
    if (port && machine.uart.irq)
        irq_register(machine.uart.irq, handle_interrupt, NULL);
}

INIT_ENTRY(INIT_DEVICES, uart_init);

size_t uart_send(const char *bytes, size_t n)
{
    INIT_NEEDS(uart_init);
    spin_lock(&uart.lock);
    volatile uint8_t *port = registers();
    size_t taken = port ? 0 : n; /* without a port there is nothing to wait for */
    size_t just_taken;
    do { /* a fast port makes room while we fill */
        just_taken = fill_queue(bytes + taken, n - taken);
        taken += just_taken;
        if (port)
            drain_queue(port);
    } while (taken < n && just_taken > 0);
    uart.room_wanted |= taken < n;
    spin_unlock(&uart.lock);
    return taken;
}

void uart_on_receive(void (*receive)(char byte))
{
    INIT_NEEDS(uart_init);
    uart.receive = receive;
}

void uart_on_room(void (*room)(void))
{
    INIT_NEEDS(uart_init);
    uart.room = room;
}

static void wait_until_sent(volatile uint8_t *port)
{
    while (!(port[LINE_STATUS] & STATUS_SENT))
        ;
}

static void send_polled(volatile uint8_t *port, const char *bytes, size_t n)
{
    while (uart.tail != uart.head) {
        wait_until_sent(port);
        drain_queue(port);
    }
    while (n > 0) {
        wait_until_sent(port);
        for (int room = FIFO_SIZE; room > 0 && n > 0; room--, n--)
            port[DATA] = *bytes++;
    }
}

static void send_by_firmware(const char *bytes, size_t n)
{
    while (n-- > 0)
        sbi_putchar(*bytes++);
}

void uart_write_now(const char *bytes, size_t n)
{
    bool locked = !printk_ignores_locks();
    if (locked)
        spin_lock(&uart.lock);
    volatile uint8_t *port = registers();
    if (port)
        send_polled(port, bytes, n);
    else
        send_by_firmware(bytes, n);
    if (locked)
        spin_unlock(&uart.lock);
}
