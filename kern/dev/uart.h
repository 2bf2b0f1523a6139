/* The 16550 serial port. An image that only writes to it polls (uart.c); the terminal's input half brings
 * the interrupt-driven queue (uart_queue.c), which then serves both directions. */
#pragma once
#include "kern/core/util.h"

/* Sends by polling, after what is queued; works with interrupts off and after a panic. Until the device
 * tree was read, and on a machine without such a port, the firmware's console takes the bytes. */
void uart_write_now(const char *bytes, size_t n);

/* Returns when the last byte is on the wire: what is still in the chip when the machine goes off is
 * lost. */
void uart_finish(void);

/* Queues bytes for sending; never sleeps. Returns how many fitted. */
size_t uart_send(const char *bytes, size_t n);

/* Called from the interrupt, without locks held, with every received byte. */
void uart_on_receive(void (*receive)(char byte));

/* Called from the interrupt when there is room to send again after uart_send took less than all. */
void uart_on_room(void (*room)(void));
