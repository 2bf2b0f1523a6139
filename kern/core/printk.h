/* Printing on the console, from any context.
 *
 * Formats: %d %i %u %x %p %s %c %% with width, '-', '0', '#' and the lengths l and z. Lines of
 * several harts are not mixed. printk never sleeps and never allocates. It works from the first
 * instruction on: uart_write_now() knows what to do before there is a driver.
 */
#pragma once
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

void printk(const char *format, ...) __attribute__((format(printf, 1, 2)));
void vprintk(const char *format, va_list args);

/* Like snprintf(3): writes at most size bytes, NUL included; returns the length it wanted. */
int format_string(char *dst, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A panic prints whatever lock another hart holds. */
void printk_ignore_locks(void);
bool printk_ignores_locks(void); /* for the driver underneath, which has a lock too */
