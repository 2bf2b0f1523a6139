/* Physical pages.
 *
 * pages_alloc(n) gives any number of contiguous pages; any part of them may be freed later. Start-up
 * takes the same time whatever the memory size: memory above the high-water mark has never been
 * touched and has no initialised records. Any context; never sleeps.
 */
#pragma once
#include "kern/core/util.h"

#define PAGE_SIZE  4096UL
#define PAGE_SHIFT 12

#define PAGE_DOWN(x) ALIGN_DOWN(x, PAGE_SIZE)
#define PAGE_UP(x)   ALIGN_UP(x, PAGE_SIZE)

/* Before pages_init: [start, end) is in use by others (device tree, initrd, reserved memory) and is never
 * handed out. At most 16 ranges, in any order, perhaps outside of what pages_init is given. Costs
 * nothing until the high-water mark gets there. */
void pages_reserve(uintptr_t start, uintptr_t end);

/* Hands the free memory of the machine to the allocator. [start, end) is page aligned; the records
 * (16 bytes a page) are taken from its start. */
void pages_init(uintptr_t start, uintptr_t end);

/* n contiguous pages, contents undefined, one reference each; NULL: not to be had. */
void *pages_alloc(size_t n);
void *page_alloc(void);        /* one, the short way */
void *page_alloc_zeroed(void); /* one page of zeros */

/* Gives up one reference to each of n pages; a page without references is free. */
void pages_free(void *first, size_t n);
void page_free(void *page);

/* Shared pages (copy-on-write) are counted. */
void page_ref(void *page);
uint32_t page_refs(const void *page);

size_t pages_total(void); /* managed by the allocator */
size_t pages_available(void);
