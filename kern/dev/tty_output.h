/* Between the files of the terminal's output half; nobody else includes this. */
#pragma once
#include "kern/dev/tty.h"

#define TTY_CHUNK 64 /* bytes are taken from the writer so many at a time */

struct tty_output_ops {
    long (*write)(struct io *io, unsigned file_flags);
};

extern const struct tty_output_ops *tty_queue; /* NULL: output is polled */

static inline bool tty_adds_cr(void)
{
    return (tty_termios.c_oflag & (OPOST | ONLCR)) == (OPOST | ONLCR);
}

/* Turns newlines into CR LF; dst has room for 2 * n bytes. Returns how many there are now. */
size_t tty_cook(char *dst, const char *src, size_t n);
