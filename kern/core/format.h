/* The engine behind printk and format_string. */
#pragma once
#include <stdarg.h>
#include <stddef.h>

/* Receives the text piece by piece. */
typedef void format_sink(void *arg, const char *bytes, size_t n);

/* Formats into `sink`: %d %i %u %x %p %s %c %% with width or *, flags - 0 #, lengths l ll z. */
void format_emit(format_sink *sink, void *arg, const char *format, va_list args);
