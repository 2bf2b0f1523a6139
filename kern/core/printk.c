/* Printing on the console: a lock around the formatter, in front of the serial port. */
#include "kern/core/printk.h"
#include "kern/core/format.h"
#include "kern/dev/uart.h"
#include "kern/sched/spinlock.h"

static struct spinlock print_lock = SPINLOCK_INIT; /* keeps the text of one call together */
static bool locks_ignored;                         /* set once, by a panic; never cleared */

static void print_piece(void *unused, const char *bytes, size_t n)
{
    (void)unused;
    uart_write_now(bytes, n);
}

void vprintk(const char *format, va_list args)
{
    bool locked = !locks_ignored;
    if (locked)
        spin_lock(&print_lock);
    format_emit(print_piece, NULL, format, args);
    if (locked)
        spin_unlock(&print_lock);
}

void printk(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vprintk(format, args);
    va_end(args);
}

void printk_ignore_locks(void)
{
    locks_ignored = true;
}

bool printk_ignores_locks(void)
{
    return locks_ignored;
}
