/* Address spaces of processes (kernel shape).
 *
 * A vmspace is a page table plus a list of areas that say what may be there. Pages appear on first
 * touch (demand zero) and are shared after fork until somebody writes (copy-on-write); the count of
 * owners is the page's reference count (pages.h). User addresses are USER_BASE .. USER_END; above,
 * every page table shares the kernel's top-level entries.
 *
 * The level-0 entry of a page of the process is in one of these states:
 *
 *     zero            nothing there yet
 *     V clear, not 0  a page, kept, but out of reach for the process (PROT_NONE)
 *     V, W            a page that this space alone owns, or that is VM_SHARED
 *     V, COW          a page of a writable area that may have other owners: copied by the next write
 *     V, neither      a page of an area that may not be written
 */
#pragma once
#include "kern/core/list.h"
#include "kern/sched/mutex.h"

#define USER_BASE       0x1000UL     /* page 0 is never mapped */
#define USER_END        0x80000000UL /* 2 GiB */
#define USER_STACK_TOP  (USER_END - 0x10000UL)
#define USER_STACK_SIZE (8UL << 20)
#define USER_MMAP_TOP   (USER_STACK_TOP - USER_STACK_SIZE - 0x10000UL)

/* Protection and kind of an area. The first three are in the order of a page-table entry's bits. */
enum {
    VM_READ = 1,
    VM_WRITE = 2, /* always together with VM_READ: RISC-V has no write-only pages */
    VM_EXEC = 4,
    VM_SHARED = 8, /* stays shared over fork; all its pages are there from the start */
};

#define VM_ACCESS (VM_READ | VM_WRITE | VM_EXEC)

struct vm_area {
    uintptr_t start, end; /* page aligned */
    unsigned flags;       /* VM_* */
    struct list_node node;
};

struct vmspace {
    struct mutex lock;      /* guards everything here and the page table below USER_END */
    uint64_t *root;         /* Sv39 root table */
    struct list_node areas; /* struct vm_area, by address, disjoint */
    uintptr_t brk_start, brk;
    size_t resident;       /* pages mapped */
    uint32_t refs;         /* processes; atomic. With the last one go pages, tables and areas */
    uint32_t holds;        /* atomic: one for refs > 0, one for each active hart. With the last one
                             * go root table and structure */
    uint64_t active_harts; /* harts with `root` in satp; atomic */
};

struct vmspace *vmspace_create(void);                 /* NULL: out of memory */
struct vmspace *vmspace_fork(struct vmspace *parent); /* copy-on-write copy; NULL: out of memory */
void vmspace_ref(struct vmspace *space);
void vmspace_unref(struct vmspace *space);

/* Makes `space` (NULL: only the kernel) the one this hart translates with. Interrupts off. A hart may
 * keep a space while it runs kernel threads, even one whose last process is gone: for the kernel all
 * are the same. */
void vmspace_activate(struct vmspace *space);

/* For all that follow, unless said otherwise: the lock is held, or nobody else can reach the space yet;
 * addresses and lengths are page aligned, within USER_BASE .. USER_END and not empty; the result is 0
 * or a negative errno. */

/* A new area. -EEXIST: something is there already. */
int vmspace_map(struct vmspace *space, uintptr_t start, size_t len, unsigned flags);
/* Areas and pages go; holes are fine. -ENOMEM: an area could not be split, and nothing happened. */
int vmspace_unmap(struct vmspace *space, uintptr_t start, size_t len);
/* Changes the access to what lies before the first hole; -ENOMEM if there is one. */
int vmspace_protect(struct vmspace *space, uintptr_t start, size_t len, unsigned access);
/* Drops private pages but not the areas: the next touch finds zeros. -ENOMEM: there were holes. */
int vmspace_discard(struct vmspace *space, uintptr_t start, size_t len);
/* The highest hole of `len` bytes below USER_MMAP_TOP; 0: none. */
uintptr_t vmspace_find_hole(struct vmspace *space, size_t len);
/* The area that holds va, or else the first one above it; NULL: none. */
struct vm_area *vmspace_find_area(struct vmspace *space, uintptr_t va);
/* Whether no area touches [start, start + len). */
bool vmspace_is_free(struct vmspace *space, uintptr_t start, size_t len);

/* The kernel address of the page that holds user address `va` (any), faulted in for the access `want`
 * (VM_READ, VM_WRITE or VM_EXEC), or NULL: not allowed, or out of memory (*error tells: -EFAULT or
 * -ENOMEM). The page stays valid until the lock is released. */
void *vmspace_page(struct vmspace *space, uintptr_t va, unsigned want, int *error);

/* For exec: a new page at va, where there is an area but no page yet, whatever the area's protection.
 * Its contents are undefined: the caller writes all of it. NULL: out of memory. */
void *vmspace_fresh_page(struct vmspace *space, uintptr_t va);

/* A page fault of a user program, va (any): true if the access may be tried again. Takes the lock. */
bool vmspace_fault(struct vmspace *space, uintptr_t va, unsigned want, int *error);
