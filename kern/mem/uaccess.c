/* User memory in the kernel shape.
 *
 * The application's pointers mean something only in its own page table, and it can change that table,
 * from another thread, at any time. So each copy takes the address-space lock, finds the page behind
 * the pointer, page by page, and copies through the kernel's mapping of that page.
 *
 *          user buffer        |------piece------|-----piece-----|
 *          user pages      |       page A       |       page B       |
 *                                 |                     |
 *          kernel mapping   ...[ A ]......[ B ]...    pages lie anywhere
 *
 * The lock held across the copy keeps the page from being unmapped and given to somebody else
 * meanwhile. It is the innermost mutex: others may be held by the caller, none is taken here.
 */
#include "kern/mem/uaccess.h"
#include "kern/alloc/kmalloc.h"
#include "kern/core/string.h"
#include "kern/mem/vmspace_impl.h"
#include "kern/proc/proc.h"
#include "kern/sys/errno.h"

/* The running process's space, locked, or NULL: n > 0 bytes at `va` cannot all be user memory, or there
 * is no process. */
static inline struct vmspace *lock_space(uintptr_t va, size_t n)
{
    struct proc *proc = thread_current()->proc;
    if (unlikely(!proc || !proc->space || n > USER_END || va > USER_END - n))
        return NULL;
    mutex_lock(&proc->space->lock);
    return proc->space;
}

/* The common case, inlined because system calls copy small things all the time: where n bytes at `va`
 * are for the kernel, if they lie in one page that is there and may be accessed so. Else NULL.
 * (The process has no superpages: a valid entry above level 0 is a pointer.) */
static inline void *quick_look(struct vmspace *space, uintptr_t va, size_t n, unsigned want)
{
    pte_t needed = PTE_V | PTE_U | want << 1;
    pte_t *table = space->root;
    for (int level = 2; level > 0; level--) {
        pte_t pte = table[sv39_index(va, level)];
        if (unlikely(!(pte & PTE_V)))
            return NULL;
        table = (pte_t *)pte_to_pa(pte);
    }
    pte_t leaf = table[sv39_index(va, 0)];
    if (unlikely((leaf & needed) != needed || va % PAGE_SIZE + n > PAGE_SIZE))
        return NULL;
    return (void *)(pte_to_pa(leaf) + va % PAGE_SIZE);
}

/* Where the byte at `va` is for the kernel; *piece: how many of n bytes from there on are contiguous.
 * NULL: *error says why not. */
static void *user_piece(struct vmspace *space, uintptr_t va, size_t n, unsigned want, size_t *piece,
                        int *error)
{
    size_t offset = va % PAGE_SIZE;
    char *page = vmspace_page(space, va, want, error);
    if (!page)
        return NULL;
    *piece = MIN(n, PAGE_SIZE - offset);
    return page + offset;
}

static int __attribute__((noinline))
copy_pages_from(struct vmspace *space, void *dst, uintptr_t va, size_t n)
{
    size_t piece;
    int error;
    for (; n > 0; n -= piece, va += piece, dst = (char *)dst + piece) {
        const void *src = user_piece(space, va, n, VM_READ, &piece, &error);
        if (!src)
            return error;
        memcpy(dst, src, piece);
    }
    return 0;
}

int copy_from_user(void *dst, const void *user_src, size_t n)
{
    uintptr_t va = (uintptr_t)user_src;
    if (n == 0)
        return 0;
    struct vmspace *space = lock_space(va, n);
    if (!space)
        return -EFAULT;
    int error = 0;
    const void *src = quick_look(space, va, n, VM_READ);
    if (likely(src))
        memcpy(dst, src, n);
    else
        error = copy_pages_from(space, dst, va, n);
    mutex_unlock(&space->lock);
    return error;
}

int user_array_get(const void **array, const void *user, size_t size, void *few, size_t few_size)
{
    void *copy = size <= few_size ? few : kmalloc(size);
    if (!copy)
        return -ENOMEM;
    *array = copy;
    int error = copy_from_user(copy, user, size);
    if (error)
        user_array_put(copy, few);
    return error;
}

void user_array_put(const void *array, const void *few)
{
    if (array != few)
        kfree((void *)array);
}

static int __attribute__((noinline))
copy_pages_to(struct vmspace *space, uintptr_t va, const void *src, size_t n)
{
    size_t piece;
    int error;
    for (; n > 0; n -= piece, va += piece, src = (const char *)src + piece) {
        void *dst = user_piece(space, va, n, VM_WRITE, &piece, &error);
        if (!dst)
            return error;
        memcpy(dst, src, piece);
    }
    return 0;
}

int copy_to_user(void *user_dst, const void *src, size_t n)
{
    uintptr_t va = (uintptr_t)user_dst;
    if (n == 0)
        return 0;
    struct vmspace *space = lock_space(va, n);
    if (!space)
        return -EFAULT;
    int error = 0;
    void *dst = quick_look(space, va, n, VM_WRITE);
    if (likely(dst))
        memcpy(dst, src, n);
    else
        error = copy_pages_to(space, va, src, n);
    mutex_unlock(&space->lock);
    return error;
}

static int clear_pages(struct vmspace *space, uintptr_t va, size_t n)
{
    size_t piece;
    int error;
    for (; n > 0; n -= piece, va += piece) {
        void *dst = user_piece(space, va, n, VM_WRITE, &piece, &error);
        if (!dst)
            return error;
        memset(dst, 0, piece);
    }
    return 0;
}

int clear_user(void *user_dst, size_t n)
{
    if (n == 0)
        return 0;
    struct vmspace *space = lock_space((uintptr_t)user_dst, n);
    if (!space)
        return -EFAULT;
    int error = clear_pages(space, (uintptr_t)user_dst, n);
    mutex_unlock(&space->lock);
    return error;
}

/* Copies until a NUL: the length without it, -ENAMETOOLONG, or why memory was not to be had. Every byte
 * is looked at after it was copied: the original may change while we work. */
static long copy_string(struct vmspace *space, char *dst, uintptr_t va, size_t size)
{
    size_t copied = 0, piece;
    int error;
    while (copied < size) {
        const char *src = user_piece(space, va + copied, size - copied, VM_READ, &piece, &error);
        if (!src)
            return error;
        for (size_t i = 0; i < piece; i++, copied++) {
            dst[copied] = src[i];
            if (!dst[copied])
                return (long)copied;
        }
    }
    return -ENAMETOOLONG;
}

long string_from_user(char *dst, const char *user_src, size_t size)
{
    struct vmspace *space = lock_space((uintptr_t)user_src, 1);
    if (!space)
        return -EFAULT;
    long length = copy_string(space, dst, (uintptr_t)user_src, size);
    mutex_unlock(&space->lock);
    return length;
}

int load_user_u32(const unsigned *user_src, unsigned *value)
{
    uintptr_t va = (uintptr_t)user_src;
    if (va % sizeof(*value))
        return -EINVAL;
    struct vmspace *space = lock_space(va, sizeof(*value));
    if (!space)
        return -EFAULT;
    size_t piece;
    int error;
    const unsigned *word = user_piece(space, va, sizeof(*value), VM_READ, &piece, &error);
    if (word)
        *value = __atomic_load_n(word, __ATOMIC_SEQ_CST);
    mutex_unlock(&space->lock);
    return word ? 0 : error;
}

/* Memory that only threads share is known by its address in the space they share; memory that
 * processes share, by where it is physically. */
static int key_of(struct vmspace *space, uintptr_t va, struct futex_key *key)
{
    struct vm_area *area = vmspace_find_area(space, va);
    if (!area || va < area->start || !(area->flags & VM_READ))
        return -EFAULT;
    *key = (struct futex_key){(uintptr_t)space, va};
    if (!(area->flags & VM_SHARED))
        return 0;
    int error;
    char *page = vmspace_page(space, va, VM_READ, &error);
    if (!page)
        return error;
    *key = (struct futex_key){0, (uintptr_t)page + va % PAGE_SIZE};
    return 0;
}

int futex_key(const unsigned *user_addr, struct futex_key *key)
{
    uintptr_t va = (uintptr_t)user_addr;
    if (va % sizeof(*user_addr))
        return -EINVAL;
    struct vmspace *space = lock_space(va, sizeof(*user_addr));
    if (!space)
        return -EFAULT;
    int error = key_of(space, va, key);
    mutex_unlock(&space->lock);
    return error;
}
