/* Address spaces: life and death, and which harts translate with them.
 *
 * Two counts keep a space alive. `refs` counts the processes; when it reaches zero, pages, level-0
 * and level-1 tables and areas go. A hart that switched from a process to a kernel thread goes on
 * translating with the process's root table, which costs nothing and saves a flush when it switches
 * back; so the root table and the structure wait for `holds`, which counts these harts too.
 *
 * Who may still have a stale translation? A hart announces itself in active_harts *before* it loads
 * satp, and flushes after. Whoever changes entries writes them *before* it reads active_harts.
 * So either the changer sees the hart and makes it flush, or the hart announced itself later, and
 * its own flush comes after the change: what it then reads from the tables is new.
 */
#include "kern/alloc/kmalloc.h"
#include "kern/mem/kmap.h"
#include "kern/mem/vmspace_impl.h"
#include "kern/riscv/hart.h"
#include "kern/sys/errno.h"

struct vmspace *vmspace_create(void)
{
    struct vmspace *space = kzalloc(sizeof(*space));
    if (!space)
        return NULL;
    space->root = page_alloc_zeroed();
    if (!space->root) {
        kfree(space);
        return NULL;
    }
    kmap_share(space->root);
    mutex_init(&space->lock);
    list_init(&space->areas);
    space->refs = 1;
    space->holds = 1;
    return space;
}

void vmspace_ref(struct vmspace *space)
{
    __atomic_fetch_add(&space->refs, 1, __ATOMIC_RELAXED);
}

static void vmspace_unhold(struct vmspace *space)
{
    if (__atomic_sub_fetch(&space->holds, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    page_free(space->root);
    kfree(space);
}

void vmspace_unref(struct vmspace *space)
{
    if (__atomic_sub_fetch(&space->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    vmspace_drop_all(space);
    struct vm_area *area, *after;
    list_for_each_safe(area, after, &space->areas, node) {
        kfree(area);
    }
    vmspace_unhold(space);
}

static int copy_area(struct vmspace *child, struct vmspace *parent, const struct vm_area *area,
                     bool *changed)
{
    struct vm_area *copy = kmalloc(sizeof(*copy));
    if (!copy)
        return -ENOMEM;
    *copy = *area;
    list_push_back(&child->areas, &copy->node);
    return vmspace_share_pages(child, parent, area, changed);
}

struct vmspace *vmspace_fork(struct vmspace *parent)
{
    struct vmspace *child = vmspace_create();
    if (!child)
        return NULL;
    int error = 0;
    bool changed = false;
    struct vm_area *area;
    mutex_lock(&parent->lock);
    list_for_each(area, &parent->areas, node) {
        error = copy_area(child, parent, area, &changed);
        if (error)
            break;
    }
    if (changed) /* other threads of the parent may not go on writing to what is shared now */
        vmspace_flush(parent, USER_BASE, USER_END - USER_BASE);
    child->brk_start = parent->brk_start;
    child->brk = parent->brk;
    mutex_unlock(&parent->lock);
    if (!error)
        return child;
    vmspace_unref(child);
    return NULL;
}

void vmspace_activate(struct vmspace *space)
{
    struct hart *hart = this_hart();
    struct vmspace *before = hart->vmspace;
    uint64_t me = 1UL << hart->index;
    if (space == before)
        return;
    if (space) {
        __atomic_fetch_add(&space->holds, 1, __ATOMIC_RELAXED);
        __atomic_fetch_or(&space->active_harts, me, __ATOMIC_SEQ_CST);
    }
    csr_write(satp, SATP_SV39 | (uintptr_t)(space ? space->root : kmap_root) >> PAGE_SHIFT);
    sfence_vma_all(); /* all spaces share address space identifier 0 */
    fence_i();        /* exec wrote the instructions, maybe on another hart */
    hart->vmspace = space;
    if (before) {
        __atomic_fetch_and(&before->active_harts, ~me, __ATOMIC_RELEASE);
        vmspace_unhold(before);
    }
}

void vmspace_flush(struct vmspace *space, uintptr_t va, size_t len)
{
    bool irqs_were_on = irq_save(); /* "this hart" and "the others" are all only if we stay here */
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    uint64_t harts = __atomic_load_n(&space->active_harts, __ATOMIC_SEQ_CST);
    if (len == PAGE_SIZE)
        sfence_vma_page(va);
    else
        sfence_vma_all();
    harts_sfence(harts, va, len);
    irq_restore(irqs_were_on);
}
