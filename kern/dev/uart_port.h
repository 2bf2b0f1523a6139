/* The 16550's registers, and what the two halves of its driver share; nobody else includes this.
 *
 *     uart.c        finding the port, sending by polling: in every image
 *     uart_queue.c  sending and receiving by interrupts: in images whose terminal is read
 */
#pragma once
#include "kern/core/util.h"
#include "kern/sched/spinlock.h"

/* One byte each; some are two registers, one for reading and one for writing. */
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
    STATUS_ALL_SENT = 0x40,    /* TEMT: and so is the shift register behind it */
};

#define UART_FIFO_SIZE 16

/* Guards the port and the queue. Innermost: nothing is taken under it but memory for mapping. */
extern struct spinlock uart_lock;

/* The registers, set up; NULL: there is no port, or no memory to map it. Lock held. */
volatile uint8_t *uart_port(void);

/* Sends all that is queued, by polling; lock held. NULL: nothing ever is. */
extern void (*uart_flush_queue)(volatile uint8_t *port);

/* Waits until the transmit FIFO has room for UART_FIFO_SIZE bytes. */
static inline void uart_wait_until_sent(volatile uint8_t *port)
{
    while (!(port[LINE_STATUS] & STATUS_SENT))
        ;
}
