/* The terminal: line discipline between the serial port and whoever reads /dev/console.
 *
 *      write --> tty_output.c, tty_queue.c ------> uart
 *                                  echo ^
 *      read  <-- lines <-- tty_input.c <--------- receive interrupt
 *
 * Canonical mode collects lines, echoes, knows erase, kill and end of file; raw mode passes bytes on.
 * ^C, ^\ and ^Z become signals to the foreground group.
 *
 * A program that only writes does not have the input half in its image: a system call that may read
 * descriptor 0 says INIT_NEEDS(tty_input_init).
 */
#pragma once
#include "kern/fs/device.h"

extern struct device tty_device;

/* Who turns ^C into a signal: called from the interrupt, no locks held. Without one (fused shape) the
 * byte is input like any other. */
void tty_on_signal(void (*send)(int pgid, int sig));

/* --- between the files of the terminal --- */

/* The input half, when the image has it. */
struct tty_input_ops {
    long (*read)(struct io *io, unsigned file_flags);
    short (*poll)(struct poll_table *table);
    long (*ioctl)(unsigned request, unsigned long arg); /* those that change something */
};

extern const struct tty_input_ops *tty_input; /* NULL: there is none */
extern struct ktermios
    tty_termios;           /* changes under the input half's lock; flags are read without */
extern int tty_foreground; /* the process group that ^C is for; 0: none */

long tty_write(struct io *io, unsigned file_flags);
/* Any context; what does not fit at once is lost. */
void tty_echo(const char *bytes, size_t n);
