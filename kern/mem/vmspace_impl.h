/* What the files of the address spaces share among themselves; nobody outside kern/mem includes this.
 *
 *     vmspace.c        life and death of a space; which harts use it
 *     vmspace_areas.c  the list of areas, and the operations on ranges
 *     vmspace_pages.c  the pages and tables of a range
 *     fault.c          a single page: demand zero, copy-on-write
 *     uaccess.c        the kernel's way to a process's memory
 */
#pragma once
#include "kern/mem/pages.h"
#include "kern/mem/vmspace.h"
#include "kern/riscv/sv39.h"

#define TABLE_SPAN SV39_SPAN(1) /* what one level-0 table covers */

_Static_assert(PTE_R == VM_READ << 1 && PTE_W == VM_WRITE << 1 && PTE_X == VM_EXEC << 1,
               "access of an area and bits of an entry differ by one shift");

/* The entry of `page` in an area with these flags, all of them granted. */
static inline pte_t vmspace_leaf(uintptr_t page, unsigned flags)
{
    if (!(flags & VM_ACCESS))
        return pa_to_pte(page, 0);
    return pa_to_pte(page, PTE_V | PTE_U | PTE_A | PTE_D | (flags & VM_ACCESS) << 1);
}

/* Makes all harts that translate with the space forget [va, va + len). Lock held. */
void vmspace_flush(struct vmspace *space, uintptr_t va, size_t len);

/* vmspace_pages.c; locks as in vmspace.h. */

/* Takes the pages of a range away from the process and frees them. */
void vmspace_drop_pages(struct vmspace *space, uintptr_t start, uintptr_t end);
/* Frees the level-0 tables of [start, end), which is 2 MiB aligned and holds no page any more. */
void vmspace_drop_tables(struct vmspace *space, uintptr_t start, uintptr_t end);
/* Frees all pages and tables of a space without users. */
void vmspace_drop_all(struct vmspace *space);
/* Makes the entries in the range follow the flags of their area; true: some changed, flush. */
bool vmspace_protect_pages(struct vmspace *space, uintptr_t start, uintptr_t end, unsigned flags);
/* Lets the child have the pages of the parent's area too, copy-on-write or shared as its flags say.
 * *changed: entries of the parent changed, flush. -ENOMEM: only part was done. */
int vmspace_share_pages(struct vmspace *child, struct vmspace *parent, const struct vm_area *area,
                        bool *changed);
