/* The kernel's own heap: all kernel objects come from here. Any context; never sleeps. */
#pragma once
#include <stddef.h>

struct heap_ops;

void *kmalloc(size_t size); /* NULL: out of memory */
void *kzalloc(size_t size); /* zeroed */
void kfree(void *block);    /* NULL is fine */

/* The back end this image was linked with: the only place that names it. */
extern const struct heap_ops *const kernel_heap_ops;
