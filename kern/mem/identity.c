/* For images that do not translate addresses: devices and stacks are where they physically are. */
#include "kern/mem/kmap.h"
#include "kern/mem/pages.h"

uint64_t *kmap_root;
unsigned long kstack_generation;

volatile void *mmio_map(uintptr_t pa, size_t len)
{
    (void)len;
    return (volatile void *)pa;
}

uintptr_t kstack_alloc(void)
{
    return (uintptr_t)pages_alloc(KSTACK_SIZE / PAGE_SIZE);
}

void kstack_free(uintptr_t stack_lo)
{
    pages_free((void *)stack_lo, KSTACK_SIZE / PAGE_SIZE);
}

/* Never called: kstack_generation does not change. */
void kstack_catch_up(unsigned long generation)
{
    (void)generation;
}
