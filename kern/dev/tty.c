/* The terminal as a device: what its two halves share. */
#include "kern/dev/tty.h"
#include "kern/core/printk.h"
#include "kern/mem/uaccess.h"
#include "kern/sys/errno.h"

#define ROWS    24
#define COLUMNS 80

#define CONTROL(letter)  ((letter) - '@')
#define CFLAGS_38400_8N1 0000277 /* B38400 | CS8 | CREAD: no meaning here, but programs look */

const struct tty_input_ops *tty_input;
int tty_foreground;

struct ktermios tty_termios = {
    .c_iflag = ICRNL,
    .c_oflag = OPOST | ONLCR,
    .c_cflag = CFLAGS_38400_8N1,
    .c_lflag = ISIG | ICANON | ECHO | ECHOE | ECHOK | ECHOCTL,
    .c_cc = {[VINTR] = CONTROL('C'),
             [VQUIT] = CONTROL('\\'),
             [VERASE] = 0x7f,
             [VKILL] = CONTROL('U'),
             [VEOF] = CONTROL('D'),
             [VMIN] = 1,
             [VSUSP] = CONTROL('Z'),
             [VWERASE] = CONTROL('W')},
};

/* A program opened the console by name, which the linker could not see. */
static long no_input(void)
{
    printk("console: no input in this image: see CONSOLE=\n");
    return -ENXIO;
}

static long device_read(struct vnode *vnode, struct io *io, int64_t off, unsigned file_flags)
{
    (void)vnode, (void)off;
    return tty_input ? tty_input->read(io, file_flags) : no_input();
}

static long device_write(struct vnode *vnode, struct io *io, int64_t *off, unsigned file_flags)
{
    (void)vnode, (void)off;
    return tty_write(io, file_flags);
}

static short device_poll(struct vnode *vnode, unsigned file_flags, struct poll_table *table)
{
    (void)vnode, (void)file_flags;
    return POLLOUT | (tty_input ? tty_input->poll(table) : 0);
}

static long device_ioctl(struct vnode *vnode, unsigned request, unsigned long arg)
{
    static const struct winsize winsize = {.ws_row = ROWS, .ws_col = COLUMNS};
    (void)vnode;
    if (request == TCGETS)
        return copy_to_user((void *)arg, &tty_termios, sizeof(tty_termios));
    if (request == TIOCGWINSZ)
        return copy_to_user((void *)arg, &winsize, sizeof(winsize));
    if (request == TIOCGPGRP)
        return copy_to_user((void *)arg, &tty_foreground, sizeof(tty_foreground));
    return tty_input ? tty_input->ioctl(request, arg) : -ENOTTY;
}

static const struct vnode_ops ops = {
    .read = device_read,
    .write = device_write,
    .ioctl = device_ioctl,
    .poll = device_poll,
    .stream = true,
    .getattr = device_getattr,
};

struct device tty_device = DEVICE(&ops, 5, 1);
