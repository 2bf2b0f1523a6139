/* Why an access faults: the same walk as the hardware's, with an eye on what it stumbles over. */
#include "kern/riscv/csr.h"
#include "kern/riscv/sv39.h"

/* What a leaf must have for the access that faulted with this cause. To write, it must be readable
 * too: W without R means nothing. A machine may leave it to us to set A and D. */
static unsigned long needed(unsigned long cause)
{
    switch (cause) {
    case EXC_FETCH_PAGE: return PTE_V | PTE_X | PTE_A;
    case EXC_LOAD_PAGE: return PTE_V | PTE_R | PTE_A;
    default: return PTE_V | PTE_R | PTE_W | PTE_A | PTE_D;
    }
}

void sv39_explain(pte_t *root, uintptr_t va, unsigned long cause, bool user,
                  struct sv39_fault *fault)
{
    *fault = (struct sv39_fault){.level = SV39_NO_WALK};
    if (!sv39_is_address(va))
        return;
    fault->entry = *sv39_walk(root, va, &fault->level);
    if (!(fault->entry & PTE_V)) { /* nothing else in it counts */
        fault->lacks = PTE_V;
        return;
    }
    fault->lacks = (needed(cause) | (user ? PTE_U : 0)) & ~fault->entry;
    fault->forbids = user ? 0 : fault->entry & PTE_U; /* the kernel never sets SUM */
}
