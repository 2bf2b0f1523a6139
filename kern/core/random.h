/* Random bytes, good enough to place things unpredictably and to vary a test. Not for keys: the
 * generator is fast and small, and whoever sees enough of its output can compute the rest. */
#pragma once
#include <stddef.h>

/* Any context; never sleeps. */
void random_bytes(void *dst, size_t n);
