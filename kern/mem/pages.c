/* The page allocator: runs of free pages with boundary tags, in bins by length.
 *
 *   memory     | used | free run | used | free run | reserved | used |      never touched       |
 *   records     1....  0 R    R   1....  0 R    R   P ..... P   1...  ^ mark
 *                      head tail
 *
 * Each page has a record of 16 bytes: how many owners it has and, in the first and the last page of a
 * free run, the length R of the run. Whoever frees pages sees from the records on either side
 * whether a free run begins or ends there, and joins it. Runs of the same size class are linked
 * in a bin: one bin for each length up to EXACT_BINS, above that one for each power of two.
 *
 * Nothing above the high-water mark has ever been written, neither pages nor records, so start-up
 * costs the same for any memory size. A free run never touches the mark: it would move the mark down
 * instead, and count as never touched again. The mark passes reserved ranges on its way up; it does
 * not move back over them.
 *
 * Single pages are most of the traffic. Freed ones wait on a short list, not joined to
 * anything, for the next who wants one; they are joined when a longer run cannot be found.
 */
#include "kern/mem/pages.h"
#include "kern/core/init.h"
#include "kern/core/panic.h"
#include "kern/core/string.h"
#include "kern/sched/spinlock.h"
#include "heap_watch.h"

/* Pages are numbered from 1, so that 0 can end a list and record 0, always zero, is a neighbour that
 * page 1 does not join. */
typedef uint32_t page_t;

struct record {
    uint32_t refs; /* owners; atomic. 0: free */
    uint32_t run;  /* first and last page of a free run in a bin: its length. Other pages: 0 */
    union {
        struct {
            page_t next, prev; /* first page of a run: its neighbours in the bin */
        };
        struct record *next_single;
    };
};

#define EXACT_BINS 32
#define NBINS      (EXACT_BINS + 27) /* 2^32 pages are enough */

#define SINGLES_MAX 128
#define RESERVED    UINT32_MAX /* refs of the pages at either end of a reserved range */

struct range {
    uintptr_t start, end;
};

#define RANGES_MAX 17 /* one is for the records */

static struct {
    struct spinlock lock; /* guards everything below and the records, but for their refs */
    struct record *records;
    uintptr_t base;   /* page p is at base + p * PAGE_SIZE */
    page_t mark, end; /* mark: first page never touched; end: behind the last */
    size_t total;
    size_t available; /* free pages in bins and above the mark */
    page_t bins[NBINS];
    uint32_t last_bin; /* those behind it never had a run */
    struct record *singles;
    size_t nsingles;
    struct range ranges[RANGES_MAX]; /* reserved; from pages_init on sorted and disjoint */
    uint32_t nranges;
    uint32_t next_range; /* the first that is above the mark */
} pages;

static void *page_address(page_t page)
{
    return (void *)(pages.base + (uintptr_t)page * PAGE_SIZE);
}

static page_t page_number(uintptr_t address)
{
    return (page_t)((address - pages.base) >> PAGE_SHIFT);
}

/* --- bins --- */

static uint32_t bin_of(size_t run)
{
    if (run <= EXACT_BINS)
        return (uint32_t)run - 1;
    uint32_t bin = EXACT_BINS - 1;
    for (size_t rest = (run - 1) / EXACT_BINS; rest > 0; rest /= 2)
        bin++;
    return bin;
}

static void insert_run(page_t page, uint32_t run)
{
    uint32_t number = bin_of(run);
    page_t *bin = &pages.bins[number];
    if (number > pages.last_bin)
        pages.last_bin = number;
    pages.records[page + run - 1] = (struct record){.run = run};
    pages.records[page] = (struct record){.run = run, .next = *bin};
    pages.records[*bin].prev = page; /* harmless when the bin was empty: record 0 */
    *bin = page;
}

/* The tags stay: nobody looks at pages inside of a run, and pages that are handed out lose theirs. */
static void remove_run(page_t page)
{
    const struct record *record = &pages.records[page];
    if (record->prev)
        pages.records[record->prev].next = record->next;
    else
        pages.bins[bin_of(record->run)] = record->next;
    pages.records[record->next].prev = record->prev;
}

/* A run of at least n pages, as small a size class as there is; 0: none. Only in the class of n
 * itself can there be runs that are too short. */
static page_t find_run(uint32_t n)
{
    uint32_t bin = bin_of(n);
    page_t page = pages.bins[bin];
    while (page && pages.records[page].run < n)
        page = pages.records[page].next;
    while (!page && bin++ < pages.last_bin)
        page = pages.bins[bin];
    return page;
}

/* --- taking and giving back runs; all with the lock held --- */

static page_t take_from_bins(uint32_t n)
{
    page_t page = find_run(n);
    if (!page)
        return 0;
    uint32_t run = pages.records[page].run;
    remove_run(page);
    if (run > n)
        insert_run(page + n, run - n);
    return page;
}

/* Moves the mark over the reserved range in front of it; free pages on the way get into a bin. */
static void pass_range(void)
{
    const struct range *range = &pages.ranges[pages.next_range++];
    page_t first = page_number(range->start), behind = page_number(range->end);
    if (first > pages.mark)
        insert_run(pages.mark, first - pages.mark);
    pages.records[first] = pages.records[behind - 1] = (struct record){.refs = RESERVED};
    pages.mark = behind;
}

static page_t take_untouched(uint32_t n)
{
    for (;;) {
        bool blocked = pages.next_range < pages.nranges;
        page_t limit = blocked ? page_number(pages.ranges[pages.next_range].start) : pages.end;
        if (limit - pages.mark >= n)
            break;
        if (!blocked)
            return 0;
        pass_range();
    }
    page_t page = pages.mark;
    pages.mark += n;
    return page;
}

static void give_back(page_t page, uint32_t n)
{
    uint32_t before = pages.records[page - 1].run;
    if (before) {
        page -= before;
        n += before;
        remove_run(page);
    }
    if (page + n == pages.mark) {
        pages.mark = page;
        return;
    }
    uint32_t behind = pages.records[page + n].run;
    if (behind) {
        remove_run(page + n);
        n += behind;
    }
    insert_run(page, n);
}

static void join_singles(void)
{
    pages.available += pages.nsingles;
    pages.nsingles = 0;
    while (pages.singles) {
        page_t page = (page_t)(pages.singles - pages.records);
        pages.singles = pages.singles->next_single;
        give_back(page, 1);
    }
}

static page_t take_run(uint32_t n)
{
    page_t page = take_from_bins(n);
    return page ? page : take_untouched(n);
}

/* --- start-up --- */

void pages_reserve(uintptr_t start, uintptr_t end)
{
    if (pages.nranges == RANGES_MAX)
        panic("too many reserved ranges of memory");
    if (start >= end)
        return;
    uint32_t i = pages.nranges++;
    for (; i > 0 && pages.ranges[i - 1].start > start; i--)
        pages.ranges[i] = pages.ranges[i - 1];
    pages.ranges[i] = (struct range){start, end};
}

/* Makes the sorted ranges disjoint and cuts them to [start, end); returns how much they hold. */
static size_t tidy_ranges(uintptr_t start, uintptr_t end)
{
    uint32_t n = 0;
    size_t size = 0;
    for (uint32_t i = 0; i < pages.nranges; i++) {
        struct range range = {MAX(pages.ranges[i].start, start), MIN(pages.ranges[i].end, end)};
        if (range.start >= range.end)
            continue;
        pages.ranges[n++] = range;
        size += range.end - range.start;
        start = range.end; /* the next one begins no earlier */
    }
    pages.nranges = n;
    return size;
}

/* The first place for `size` bytes that no reserved range overlaps. */
static uintptr_t find_place(uintptr_t start, size_t size)
{
    for (uint32_t i = 0; i < pages.nranges; i++)
        if (pages.ranges[i].start < start + size && start < pages.ranges[i].end)
            start = pages.ranges[i].end;
    return start;
}

void pages_init(uintptr_t start, uintptr_t end)
{
    size_t npages = (end - start) / PAGE_SIZE;
    size_t records_size = PAGE_UP((npages + 1) * sizeof(struct record));
    uintptr_t records = find_place(start, records_size);
    if (records + records_size > end)
        panic("no memory for the page allocator's records");
    pages_reserve(records, records + records_size);
    pages.total = pages.available = npages - tidy_ranges(start, end) / PAGE_SIZE;
    pages.records = (struct record *)records;
    pages.records[0] = (struct record){0};
    pages.base = start - PAGE_SIZE;
    pages.mark = 1;
    pages.end = (page_t)npages + 1;
}

/* --- the interface --- */

static void *alloc_run(size_t n)
{
    if (n == 0 || n > pages.total)
        return NULL;
    spin_lock(&pages.lock);
    page_t page = take_run((uint32_t)n);
    if (!page) {
        join_singles();
        page = take_run((uint32_t)n);
    }
    if (page) {
        pages.available -= n;
        for (size_t i = 0; i < n; i++) {
            pages.records[page + i].refs = 1;
            pages.records[page + i].run = 0;
        }
    }
    spin_unlock(&pages.lock);
    return page ? page_address(page) : NULL;
}

void *page_alloc(void)
{
    INIT_NEEDS(ram_init);
    if (watch_refuses())
        return NULL;
    spin_lock(&pages.lock);
    struct record *record = pages.singles;
    if (record) {
        pages.singles = record->next_single;
        pages.nsingles--;
        record->refs = 1;
    }
    spin_unlock(&pages.lock);
    return record ? page_address((page_t)(record - pages.records)) : alloc_run(1);
}

void *pages_alloc(size_t n)
{
    INIT_NEEDS(ram_init);
    if (n == 1)
        return page_alloc();
    return watch_refuses() ? NULL : alloc_run(n);
}

void *page_alloc_zeroed(void)
{
    void *page = page_alloc();
    if (page)
        memset(page, 0, PAGE_SIZE);
    return page;
}

static void not_allocated(const void *page) __attribute__((noreturn));
static void not_allocated(const void *page)
{
    panic("page %p is not allocated", page);
}

/* The record of a page; what comes from elsewhere ends here. */
static inline struct record *record_of(const void *page)
{
    uintptr_t offset = (uintptr_t)page - pages.base;
    if (unlikely(offset % PAGE_SIZE != 0 || offset >> PAGE_SHIFT >= pages.mark))
        not_allocated(page);
    return &pages.records[offset >> PAGE_SHIFT];
}

/* True: that was the last reference. The page belongs to the caller alone until he takes the lock and
 * gives it back: its record bears no tag, so nobody joins it. */
static inline bool drop_reference(struct record *record, const void *page)
{
    uint32_t before = __atomic_fetch_sub(&record->refs, 1, __ATOMIC_ACQ_REL);
    if (likely(before == 1))
        return true;
    if (unlikely(before == 0 || before == RESERVED))
        not_allocated(page);
    return false;
}

static void free_run(page_t page, uint32_t n)
{
    spin_lock(&pages.lock);
    pages.available += n;
    give_back(page, n);
    spin_unlock(&pages.lock);
}

void page_free(void *page)
{
    struct record *record = record_of(page);
    if (!drop_reference(record, page))
        return;
    spin_lock(&pages.lock);
    bool kept = pages.nsingles < SINGLES_MAX;
    if (likely(kept)) {
        record->next_single = pages.singles;
        pages.singles = record;
        pages.nsingles++;
    }
    spin_unlock(&pages.lock);
    if (!kept)
        free_run((page_t)(record - pages.records), 1);
}

void pages_free(void *first, size_t n)
{
    page_t page = page_number((uintptr_t)first);
    uint32_t run = 0; /* of pages freed, just before this one */
    for (size_t i = 0; i < n; i++, page++) {
        void *address = (char *)first + i * PAGE_SIZE;
        if (drop_reference(record_of(address), address)) {
            run++;
        } else if (run > 0) {
            free_run(page - run, run);
            run = 0;
        }
    }
    if (run > 0)
        free_run(page - run, run);
}

void page_ref(void *page)
{
    if (unlikely(__atomic_fetch_add(&record_of(page)->refs, 1, __ATOMIC_RELAXED) == 0))
        not_allocated(page);
}

uint32_t page_refs(const void *page)
{
    return __atomic_load_n(&record_of(page)->refs, __ATOMIC_ACQUIRE);
}

size_t pages_total(void)
{
    return pages.total;
}

size_t pages_available(void)
{
    spin_lock(&pages.lock);
    size_t available = pages.available + pages.nsingles;
    spin_unlock(&pages.lock);
    return available;
}
