/* Touching the memory of the application.
 *
 * User pointers are never dereferenced anywhere else. In the kernel shape these walk the process's
 * page table, resolve demand paging and copy-on-write on the way and copy through the kernel's own
 * mapping; in the fused shape they are plain copies. All may sleep: no spin lock may be held; any
 * mutex may, the one they take comes last in the order. All return 0, -EFAULT or -ENOMEM (the page was
 * promised, but there is no memory for it now); after an error part may have been copied.
 *
 * The declarations come from the folder of the shape: kern/proc/shape or kern/libos/shape.
 */
#pragma once
#include "kern/core/util.h"
#include <uaccess_shape.h>

/* What every shape provides:
 *
 * int copy_from_user(void *dst, const void *user_src, size_t n);
 * int copy_to_user(void *user_dst, const void *src, size_t n);
 * int clear_user(void *user_dst, size_t n);
 *
 * A NUL-terminated string of at most size - 1 bytes: its length, or -ENAMETOOLONG:
 * long string_from_user(char *dst, const char *user_src, size_t size);
 *
 * An array as it is now, to be read at leisure and given back: `few` (of few_size bytes) holds it if it
 * is large enough, the heap if not; in the fused shape it stays where it is. 0, -EFAULT or -ENOMEM:
 * int user_array_get(const void **array, const void *user, size_t size, void *few, size_t few_size);
 * void user_array_put(const void *array, const void *few);
 *
 * A 32-bit word, atomically; -EINVAL when it is not aligned:
 * int load_user_u32(const unsigned *user_src, unsigned *value);
 *
 * The identity of a word for futexes: equal for two addresses exactly if they are the same word;
 * -EINVAL when it is not aligned:
 * struct futex_key { uintptr_t space, addr; };
 * int futex_key(const unsigned *user_addr, struct futex_key *key);
 */
