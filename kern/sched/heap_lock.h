/* Lock operations for heaps of the kernel's world: lock_arg is a spin lock. */
#pragma once
#include "kern/alloc/heap.h"

extern const struct heap_lock_ops heap_spin_ops;
