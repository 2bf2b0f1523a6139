/* The terminal's input half: bytes from the interrupt, lines for the readers.
 *
 *      ring   [ . . l s \n c a t \n h e l . . . . ]
 *                   ^               ^     ^
 *                   tail            ready head      run freely; modulo the size they are places
 *
 * Readers get what lies before `ready`. Behind it is the line that is being typed: erase and kill take
 * it back, newline and ^D make it ready. ^D leaves a mark in the ring at which a read stops. In raw
 * mode every byte is ready at once.
 */
#include "kern/core/init.h"
#include "kern/core/string.h"
#include "kern/dev/tty.h"
#include "kern/dev/uart.h"
#include "kern/fs/file.h"
#include "kern/mem/uaccess.h"
#include "kern/sys/errno.h"

#define RING_SIZE 4096 /* a power of two */
#define EOF_MARK  0x100
#define CHUNK     64

static struct {
    struct spinlock lock; /* guards everything here, and changes of tty_termios */
    struct waitq readers;
    unsigned tail, ready, head;
    uint16_t ring[RING_SIZE];               /* bytes, or EOF_MARK */
    void (*send_signal)(int pgid, int sig); /* set at start-up */
} input;                                    /* bss: the ring should not make the image larger */

void tty_on_signal(void (*send)(int pgid, int sig))
{
    input.send_signal = send;
}

static bool is_canonical(void)
{
    return tty_termios.c_lflag & ICANON;
}

/* --- receiving; lock held --- */

static uint16_t *place(unsigned at)
{
    return &input.ring[at % RING_SIZE];
}

/* Control characters are shown as ^X, in two columns. */
static bool shows_caret(unsigned c)
{
    return (tty_termios.c_lflag & ECHOCTL) && (c < ' ' || c == 0x7f) && c != '\n' && c != '\t';
}

static void echo(unsigned c)
{
    char text[2] = {'^', (char)(c ^ 0x40)};
    if (!(tty_termios.c_lflag & ECHO))
        return;
    if (shows_caret(c)) {
        tty_echo(text, 2);
    } else {
        text[0] = (char)c;
        tty_echo(text, 1);
    }
}

static void show_erased(unsigned c)
{
    if ((tty_termios.c_lflag & (ECHO | ECHOE)) != (ECHO | ECHOE))
        return;
    for (int columns = shows_caret(c) ? 2 : 1; columns > 0; columns--)
        tty_echo("\b \b", 3);
}

static bool line_is_empty(void)
{
    return input.head == input.ready;
}

/* Takes back one character; of UTF-8 all its bytes. */
static void erase(void)
{
    unsigned c;
    if (line_is_empty())
        return;
    do {
        c = *place(--input.head);
    } while ((c & 0xc0) == 0x80 && !line_is_empty());
    show_erased(c);
}

static bool last_is_blank(void)
{
    return *place(input.head - 1) == ' ' || *place(input.head - 1) == '\t';
}

static void erase_word(void)
{
    while (!line_is_empty() && last_is_blank())
        erase();
    while (!line_is_empty() && !last_is_blank())
        erase();
}

static void make_ready(void)
{
    input.ready = input.head;
    waitq_wake_all(&input.readers);
}

/* False: no room. The last place is kept for what ends a line, so that a full line can be read. */
static bool append(unsigned c, bool ends_line)
{
    unsigned room = RING_SIZE - (input.head - input.tail);
    if (room < (ends_line ? 1 : 2)) {
        tty_echo("\a", 1);
        return false;
    }
    *place(input.head++) = (uint16_t)c;
    return true;
}

static bool is_control(unsigned c, int which)
{
    return c != 0 && c == tty_termios.c_cc[which];
}

static void edit_line(unsigned c)
{
    if (is_control(c, VERASE) || c == '\b') {
        erase();
    } else if (is_control(c, VWERASE)) {
        erase_word();
    } else if (is_control(c, VKILL)) {
        while (!line_is_empty())
            erase();
    } else if (is_control(c, VEOF)) {
        append(EOF_MARK, true);
        make_ready();
    } else if (append(c, c == '\n')) {
        echo(c);
        if (c == '\n')
            make_ready();
    }
}

static int signal_of(unsigned c)
{
    if (!(tty_termios.c_lflag & ISIG) || !input.send_signal)
        return 0;
    return is_control(c, VINTR)   ? SIGINT
           : is_control(c, VQUIT) ? SIGQUIT
           : is_control(c, VSUSP) ? SIGTSTP
                                  : 0;
}

static void flush(void)
{
    input.tail = input.ready = input.head;
}

/* The signal that the byte means, or 0: then it was input. */
static int take_byte(unsigned c)
{
    if (c == '\r' && (tty_termios.c_iflag & ICRNL))
        c = '\n';
    int sig = signal_of(c);
    if (sig) {
        flush();
        echo(c);
    } else if (is_canonical()) {
        edit_line(c);
    } else if (append(c, true)) {
        echo(c);
        make_ready();
    }
    return sig;
}

static void receive(char byte)
{
    spin_lock(&input.lock);
    int sig = take_byte((unsigned char)byte);
    int pgid = tty_foreground;
    spin_unlock(&input.lock);
    if (sig && pgid > 0)
        input.send_signal(pgid, sig);
}

/* --- reading; lock held --- */

static int wait_for_line(unsigned file_flags)
{
    int error = 0;
    while (input.tail == input.ready && !error) {
        if (file_flags & O_NONBLOCK)
            return -EAGAIN;
        error = waitq_wait_spin(&input.readers, &input.lock);
    }
    return error;
}

/* Raw mode. VMIN bytes are waited for (no more than `wanted`); VTIME, in tenths of a second, is how
 * long to wait for the next byte after the first, or with VMIN 0 for the first. */
static int wait_for_bytes(size_t wanted, unsigned file_flags)
{
    size_t min = MIN(wanted, (size_t)tty_termios.c_cc[VMIN]);
    uint64_t time_ns = tty_termios.c_cc[VTIME] * (NS_PER_SEC / 10);
    size_t ready;
    while ((ready = input.ready - input.tail) < MAX(min, 1ul)) {
        bool timed = time_ns > 0 && (min == 0 || ready > 0);
        if (file_flags & O_NONBLOCK)
            return ready > 0 ? 0 : -EAGAIN;
        if (min == 0 && time_ns == 0)
            return 0;
        uint64_t deadline_ns = timed ? clock_now_ns() + time_ns : DEADLINE_MAX;
        int error = waitq_wait_spin_until(&input.readers, &input.lock, deadline_ns);
        if (error)
            return error == -ETIMEDOUT || ready > 0 ? 0 : error;
    }
    return 0;
}

/* Takes at most `most` ready bytes; *more: the read may go on after them. */
static size_t take_ready(char *dst, size_t most, bool *more)
{
    size_t n = 0;
    *more = false;
    while (input.tail != input.ready) {
        unsigned c = *place(input.tail);
        if (c == EOF_MARK) {
            input.tail++;
            return n;
        }
        if (n == most) {
            *more = true;
            return n;
        }
        input.tail++;
        dst[n++] = (char)c;
        if (c == '\n' && is_canonical())
            return n;
    }
    return n;
}

static long read_input(struct io *io, unsigned file_flags)
{
    char chunk[CHUNK];
    long moved = 0;
    int error = 0;
    bool more = io->left > 0;
    while (more && !error) {
        size_t most = MIN(io->left, sizeof(chunk));
        size_t n = 0;
        spin_lock(&input.lock);
        if (moved == 0)
            error =
                is_canonical() ? wait_for_line(file_flags) : wait_for_bytes(io->left, file_flags);
        if (!error)
            n = take_ready(chunk, most, &more);
        spin_unlock(&input.lock);
        if (n > 0)
            error = io_put(io, chunk, n);
        if (!error)
            moved += (long)n;
        more = more && io->left > 0;
    }
    return moved ? moved : error;
}

static short poll_input(struct poll_table *table)
{
    spin_lock(&input.lock);
    poll_register(table, &input.readers);
    short events = input.tail != input.ready ? POLLIN : 0;
    spin_unlock(&input.lock);
    return events;
}

/* --- control --- */

static long set_termios(const void *user, bool flush_first)
{
    struct ktermios wanted;
    int error = copy_from_user(&wanted, user, sizeof(wanted));
    if (error)
        return error;
    spin_lock(&input.lock);
    if (flush_first)
        flush();
    tty_termios = wanted;
    if (!is_canonical())
        make_ready(); /* the line that was being typed */
    spin_unlock(&input.lock);
    return 0;
}

static long set_foreground(const void *user)
{
    int pgid;
    int error = copy_from_user(&pgid, user, sizeof(pgid));
    if (error)
        return error;
    if (pgid < 0)
        return -EINVAL;
    tty_foreground = pgid;
    return 0;
}

static long count_ready(void *user)
{
    int n = 0;
    spin_lock(&input.lock);
    for (unsigned at = input.tail; at != input.ready; at++)
        n += *place(at) != EOF_MARK;
    spin_unlock(&input.lock);
    return copy_to_user(user, &n, sizeof(n));
}

static long ioctl_input(unsigned request, unsigned long arg)
{
    void *user = (void *)arg;
    switch (request) {
    case TCSETS:
    case TCSETSW: /* what was written before has been cooked with the old settings already */
        return set_termios(user, false);
    case TCSETSF: return set_termios(user, true);
    case TIOCSPGRP: return set_foreground(user);
    case FIONREAD: return count_ready(user);
    default: return -ENOTTY;
    }
}

static const struct tty_input_ops ops = {
    .read = read_input, .poll = poll_input, .ioctl = ioctl_input};

static void tty_input_init(void)
{
    waitq_init(&input.readers);
    tty_input = &ops;
    uart_on_receive(receive);
}

INIT_ENTRY(INIT_DEVICES, tty_input_init);
