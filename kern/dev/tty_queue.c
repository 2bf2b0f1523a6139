/* The terminal's output by way of the serial port's queue.
 *
 * One write at a time has the port, so that lines of two programs are not mixed. Bytes go in chunks:
 * taken from the writer, newlines turned into CR LF, handed to the queue. Who finds it full sleeps.
 */
#include "kern/core/init.h"
#include "kern/dev/tty_output.h"
#include "kern/dev/uart.h"
#include "kern/fs/file.h"
#include "kern/sys/errno.h"

static struct mutex writing; /* held for a whole write */
static struct waitq room = {SPINLOCK_INIT, LIST_INIT(room.waiters)};

/* How many of the bytes of src are sent when `sent` of the cooked ones are. */
static long uncook(const char *src, size_t sent)
{
    bool cr = tty_adds_cr();
    long n = 0;
    for (;; n++) {
        size_t len = src[n] == '\n' && cr ? 2 : 1;
        if (sent < len)
            return n;
        sent -= len;
    }
}

static void wake_writers(void)
{
    waitq_wake_all(&room);
}

/* Sends and, unless the flags forbid it, waits for room to send more. */
static int send_and_wait(const char *bytes, size_t n, unsigned file_flags, size_t *sent)
{
    struct waiter waiter;
    int error = 0;
    waitq_enter(&room, &waiter); /* before the port says that it is full: no wake-up is missed */
    *sent = uart_send(bytes, n);
    if (*sent == 0)
        error = file_flags & O_NONBLOCK ? -EAGAIN : thread_park(true);
    waitq_leave(&waiter);
    return error;
}

/* Bytes of src that were sent; fewer than n: *error says why. */
static long write_chunk(const char *src, size_t n, unsigned file_flags, int *error)
{
    char cooked[2 * TTY_CHUNK];
    size_t len = tty_cook(cooked, src, n);
    size_t done = uart_send(cooked, len);
    while (done < len && !*error) {
        size_t sent;
        *error = send_and_wait(cooked + done, len - done, file_flags, &sent);
        done += sent;
    }
    return done == len ? (long)n : uncook(src, done);
}

static long write_queued(struct io *io, unsigned file_flags)
{
    char chunk[TTY_CHUNK];
    long moved = 0;
    int error = 0;
    mutex_lock(&writing);
    while (io->left > 0 && !error) {
        size_t n = MIN(io->left, sizeof(chunk));
        error = io_take(io, chunk, n);
        if (!error)
            moved += write_chunk(chunk, n, file_flags, &error);
    }
    mutex_unlock(&writing);
    return moved ? moved : error;
}

static void tty_queue_init(void)
{
    static const struct tty_output_ops ops = {.write = write_queued};
    uart_on_room(wake_writers);
    tty_queue = &ops;
}
INIT_ENTRY(INIT_DEVICES, tty_queue_init);

void tty_echo(const char *bytes, size_t n)
{
    INIT_NEEDS(tty_queue_init);
    char cooked[2 * TTY_CHUNK];
    uart_send(cooked, tty_cook(cooked, bytes, MIN(n, (size_t)TTY_CHUNK)));
}
