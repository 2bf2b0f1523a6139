/* PAGING=bare: addresses are not translated, and nothing is protected. kern/mem/identity.c has the rest. */
#include "kern/libos/paging.h"

bool paging_protect(uintptr_t start, uintptr_t end, int prot)
{
    (void)start, (void)end, (void)prot;
    return true;
}

bool paging_is_writable(uintptr_t va)
{
    extern char rodata_end[];
    return va >= (uintptr_t)rodata_end;
}
