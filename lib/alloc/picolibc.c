/* What picolibc's malloc needs of its surroundings (ALLOC=picolibc): memory, a lock, errno.
 *
 * It is there to be compared with. The build takes its objects from the package as they are, and this
 * file beside them; picolibc gets its memory from the end of the data, that is brk, and never gives any
 * back. Its lock is one that the same thread may take again.
 */
#include "lib/futex.h"

#include <onering/syscalls.h>
#include <stddef.h>
#include <stdint.h>

#undef errno
__thread int
    errno; /* picolibc's own; the rest of the program has another, which this does not set */

void *sbrk(ptrdiff_t increment)
{
    uintptr_t end = (uintptr_t)sys_brk(0);
    uintptr_t wanted = end + (uintptr_t)increment;
    return (uintptr_t)sys_brk(wanted) == wanted ? (void *)end : (void *)-1;
}

/* --- the lock --- */

struct __lock {
    int held;
    uintptr_t owner; /* the thread pointer of who holds it, or 0 */
    unsigned depth;  /* how often that one took it */
} __lock___libc_recursive_mutex;

static inline uintptr_t thread_pointer(void)
{
    uintptr_t tp;
    __asm__("mv %0, tp" : "=r"(tp));
    return tp;
}

/* The owner is changed by who holds the lock: to see oneself there is to hold it. */
void __retarget_lock_acquire_recursive(struct __lock *lock)
{
    uintptr_t self = thread_pointer();
    if (__atomic_load_n(&lock->owner, __ATOMIC_RELAXED) != self) {
        futex_lock(&lock->held);
        __atomic_store_n(&lock->owner, self, __ATOMIC_RELAXED);
    }
    lock->depth++;
}

void __retarget_lock_release_recursive(struct __lock *lock)
{
    if (--lock->depth > 0)
        return;
    __atomic_store_n(&lock->owner, 0, __ATOMIC_RELAXED);
    futex_unlock(&lock->held);
}

/* --- names by which musl calls malloc from inside --- */

void *malloc(size_t size);
void *calloc(size_t count, size_t size);
void *realloc(void *block, size_t size);
void free(void *block);

void *__libc_malloc(size_t size)
{
    return malloc(size);
}

void *__libc_calloc(size_t count, size_t size)
{
    return calloc(count, size);
}

void *__libc_realloc(void *block, size_t size)
{
    return realloc(block, size);
}

void __libc_free(void *block)
{
    free(block);
}
