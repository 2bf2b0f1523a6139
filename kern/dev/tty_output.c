/* The terminal's output half: newlines become CR LF on the way to the serial port.
 *
 * An image whose terminal is never read sends by polling: it has no interrupts from the port. With the
 * input half comes tty_queue.c, and writers sleep while the port's queue is full.
 */
#include "kern/dev/tty.h"
#include "kern/dev/tty_output.h"
#include "kern/dev/uart.h"

const struct tty_output_ops *tty_queue;

size_t tty_cook(char *dst, const char *src, size_t n)
{
    bool cr = tty_adds_cr();
    size_t len = 0;
    for (size_t i = 0; i < n; i++) {
        if (src[i] == '\n' && cr)
            dst[len++] = '\r';
        dst[len++] = src[i];
    }
    return len;
}

static long write_polled(struct io *io)
{
    char chunk[TTY_CHUNK], cooked[2 * TTY_CHUNK];
    long moved = 0;
    while (io->left > 0) {
        size_t n = MIN(io->left, sizeof(chunk));
        int error = io_take(io, chunk, n);
        if (error)
            return moved ? moved : error;
        uart_write_now(cooked, tty_cook(cooked, chunk, n));
        moved += (long)n;
    }
    return moved;
}

long tty_write(struct io *io, unsigned file_flags)
{
    return tty_queue ? tty_queue->write(io, file_flags) : write_polled(io);
}
