/* Runs of pages (runs_impl.h). */
#include "kern/alloc/runs_impl.h"

/* A tag is a length in pages, and a kind. */
enum {
    KIND = 3,
    LENGTH_SHIFT = 2,
};

struct region {
    struct region *next;
    uintptr_t first; /* page */
    size_t npages;
    uint32_t *tags; /* of each page; only those of a run's ends mean something */
    void *memory;
    size_t size;
};

static uint32_t *tag_at(const struct region *region, uintptr_t page)
{
    return &region->tags[(page - region->first) / PAGE];
}

static unsigned kind_at(const struct region *region, uintptr_t page)
{
    return *tag_at(region, page) & KIND;
}

static size_t length_at(const struct region *region, uintptr_t page)
{
    return *tag_at(region, page) >> LENGTH_SHIFT;
}

static void set_tags(const struct region *region, uintptr_t page, size_t npages, unsigned kind)
{
    uint32_t tag = (uint32_t)npages << LENGTH_SHIFT | kind;
    *tag_at(region, page) = tag;
    *tag_at(region, page + (npages - 1) * PAGE) = tag;
}

static uintptr_t end_of(const struct region *region)
{
    return region->first + region->npages * PAGE;
}

static size_t length_of(const struct run *run)
{
    return length_at(run->region, (uintptr_t)run);
}

static struct region *region_of(const struct runs *runs, const void *at)
{
    struct region *region = runs->regions;
    while (region && ((uintptr_t)at < region->first || (uintptr_t)at >= end_of(region)))
        region = region->next;
    return region;
}

/* --- the list of free runs --- */

static void insert_run(struct runs *runs, struct region *region, uintptr_t page, size_t npages)
{
    struct run *run = (struct run *)page;
    set_tags(region, page, npages, FREE);
    *run = (struct run){.next = runs->free.next, .prev = &runs->free, .region = region};
    run->next->prev = run;
    runs->free.next = run;
}

/* Returns the length of the run. */
static size_t take_out_run(struct run *run)
{
    run->prev->next = run->next;
    run->next->prev = run->prev;
    return length_of(run);
}

/* --- regions --- */

void runs_init(struct runs *runs)
{
    runs->free.next = runs->free.prev = &runs->free;
    runs->regions = NULL;
}

size_t runs_region_for(size_t npages, size_t align)
{
    npages += align / PAGE;
    return sizeof(struct region) + HEAP_ALIGN + (npages + 1) * (PAGE + sizeof(uint32_t));
}

static uintptr_t align_up(uintptr_t at, size_t align)
{
    return (at + align - 1) & ~(align - 1);
}

void *runs_add(struct runs *runs, void *memory, size_t size, size_t reserved)
{
    uintptr_t end = (uintptr_t)memory + size, header = align_up((uintptr_t)memory, HEAP_ALIGN);
    uintptr_t ours = align_up(header + sizeof(struct region), HEAP_ALIGN), tags = ours + reserved;
    if (end < tags)
        return NULL;
    size_t npages = (end - tags) / (PAGE + sizeof(uint32_t));
    uintptr_t first = align_up(tags + npages * sizeof(uint32_t), PAGE);
    if (end < first + PAGE)
        return NULL;
    struct region *region = (struct region *)header;
    *region =
        (struct region){.next = runs->regions,
                        .first = first,
                        .npages = (end - first) / PAGE < npages ? (end - first) / PAGE : npages,
                        .tags = (uint32_t *)tags,
                        .memory = memory,
                        .size = size};
    runs->regions = region;
    insert_run(runs, region, first, region->npages);
    return (void *)ours;
}

/* All pages of the region are free, and on no list. */
static bool give_back_region(struct heap *heap, struct runs *runs, struct region *region)
{
    struct region **link = &runs->regions, *next = region->next;
    while (*link != region)
        link = &(*link)->next;
    if (!heap_give_back(heap, region->memory, region->size))
        return false;
    *link = next;
    return true;
}

/* --- taking and giving back --- */

/* Where in this run so many pages fit, aligned; 0: nowhere. At its end, so that the rest stays. */
static uintptr_t place_in(const struct run *run, size_t npages, size_t align)
{
    uintptr_t start = (uintptr_t)run, end = start + length_of(run) * PAGE;
    if (npages > length_of(run))
        return 0;
    uintptr_t place = (end - npages * PAGE) & ~(align - 1);
    return place >= start ? place : 0;
}

void *run_take(struct runs *runs, size_t npages, size_t align, unsigned kind)
{
    uintptr_t place = 0;
    struct run *run = runs->free.next;
    while (run != &runs->free && !(place = place_in(run, npages, align)))
        run = run->next;
    if (!place)
        return NULL;
    struct region *region = run->region;
    uintptr_t start = (uintptr_t)run, end = start + take_out_run(run) * PAGE;
    uintptr_t behind = place + npages * PAGE;
    if (start < place)
        insert_run(runs, region, start, (place - start) / PAGE);
    if (behind < end)
        insert_run(runs, region, behind, (end - behind) / PAGE);
    set_tags(region, place, npages, kind);
    return (void *)place;
}

void run_give(struct heap *heap, struct runs *runs, void *first_page)
{
    struct region *region = region_of(runs, first_page);
    uintptr_t page = (uintptr_t)first_page, end = page + length_at(region, page) * PAGE;
    size_t npages = (end - page) / PAGE;
    set_tags(region, page, npages, FREE); /* also where it lies inside a larger one from now on */
    if (end < end_of(region) && kind_at(region, end) == FREE)
        npages += take_out_run((struct run *)end);
    if (page > region->first && kind_at(region, page - PAGE) == FREE) {
        page -= length_at(region, page - PAGE) * PAGE;
        npages += take_out_run((struct run *)page);
    }
    if (npages < region->npages || !give_back_region(heap, runs, region))
        insert_run(runs, region, page, npages);
}

size_t run_npages(const struct runs *runs, const void *first_page, unsigned kind)
{
    const struct region *region = region_of(runs, first_page);
    uintptr_t page = (uintptr_t)first_page;
    return region && page % PAGE == 0 && kind_at(region, page) == kind ? length_at(region, page)
                                                                       : 0;
}

/* --- facts --- */

size_t runs_available(const struct runs *runs)
{
    size_t npages = 0;
    for (const struct run *run = runs->free.next; run != &runs->free; run = run->next)
        npages += length_of(run);
    return npages;
}

size_t runs_largest(const struct runs *runs)
{
    size_t npages = 0;
    for (const struct run *run = runs->free.next; run != &runs->free; run = run->next)
        if (length_of(run) > npages)
            npages = length_of(run);
    return npages;
}

/* Walks from run to run, and counts the free ones. */
static const char *check_region(const struct region *region, size_t *nfree)
{
    unsigned before = LARGE;
    for (uintptr_t page = region->first; page < end_of(region);) {
        uint32_t tag = *tag_at(region, page);
        size_t length = tag >> LENGTH_SHIFT;
        if (length == 0 || length > (end_of(region) - page) / PAGE || (tag & KIND) == 0 ||
            *tag_at(region, page + (length - 1) * PAGE) != tag)
            return "the tags of a run of pages are damaged";
        if ((tag & KIND) == FREE && before == FREE)
            return "two free runs side by side";
        *nfree += (tag & KIND) == FREE;
        before = tag & KIND;
        page += length * PAGE;
    }
    return NULL;
}

const char *runs_check(const struct runs *runs)
{
    size_t nfree = 0;
    for (const struct region *region = runs->regions; region; region = region->next) {
        const char *complaint = check_region(region, &nfree);
        if (complaint)
            return complaint;
    }
    for (const struct run *run = runs->free.next; run != &runs->free; run = run->next)
        if (run->next->prev != run || nfree-- == 0)
            return "the list of free runs is damaged";
    return nfree ? "a free run is on no list" : NULL;
}
