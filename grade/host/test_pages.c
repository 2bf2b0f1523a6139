/* Unit test of the page allocator: random operations against a model that knows each page's owners.
 *
 * The allocator is included, not linked: the test looks at its bins and records. The arena starts as
 * garbage: nothing may depend on memory being zero. */
#include "kern/mem/pages.c"

#include "unit.h"
#include <stdio.h>
#include <stdlib.h>

#define NPAGES 3000

static char arena[NPAGES * PAGE_SIZE] __attribute__((aligned(4096)));

/* The model: owners of each page; NOT_OURS: reserved or records. */
#define NOT_OURS (-1)
static int owners[NPAGES];
static size_t nfree;

static size_t index_of(const void *page)
{
    return (size_t)((const char *)page - arena) / PAGE_SIZE;
}

static void *page_at(size_t i)
{
    return arena + i * PAGE_SIZE;
}

static void model_reserve(uintptr_t start, uintptr_t end)
{
    for (size_t i = 0; i < NPAGES; i++) {
        uintptr_t page = (uintptr_t)page_at(i);
        if (page >= start && page < end)
            owners[i] = NOT_OURS;
    }
}

static void reserve(size_t first, size_t n)
{
    uintptr_t start = (uintptr_t)arena + first * PAGE_SIZE;
    pages_reserve(start, start + n * PAGE_SIZE);
    model_reserve(start, start + n * PAGE_SIZE);
}

static void start(int nreserved)
{
    memset(&pages, 0, sizeof(pages));
    for (size_t i = 0; i < sizeof(arena) / sizeof(uint64_t); i++)
        ((uint64_t *)arena)[i] = random_u64();
    memset(owners, 0, sizeof(owners));
    for (int i = 0; i < nreserved; i++) /* may overlap, touch, and lie at either end */
        reserve(random_below(NPAGES), 1 + random_below(i % 2 ? 5 : 200));
    pages_reserve(0x1000, 0x9000); /* elsewhere */
    pages_init((uintptr_t)arena, (uintptr_t)arena + sizeof(arena));
    uintptr_t records = (uintptr_t)pages.records;
    model_reserve(records, records + PAGE_UP((NPAGES + 1) * sizeof(struct record)));
    nfree = 0;
    for (size_t i = 0; i < NPAGES; i++)
        nfree += owners[i] == 0;
    CHECK(pages_total() == nfree);
    CHECK(pages_available() == nfree);
}

static size_t longest_free_run(void)
{
    size_t longest = 0, run = 0;
    for (size_t i = 0; i < NPAGES; i++) {
        run = owners[i] == 0 ? run + 1 : 0;
        longest = MAX(longest, run);
    }
    return longest;
}

static void *checked_alloc(size_t n)
{
    void *first = pages_alloc(n);
    if (!first) {
        CHECK(n == 0 || n > longest_free_run());
        return NULL;
    }
    CHECK((uintptr_t)first % PAGE_SIZE == 0);
    for (size_t i = index_of(first); i < index_of(first) + n; i++) {
        CHECK(i < NPAGES && owners[i] == 0);
        CHECK(page_refs(page_at(i)) == 1);
        owners[i] = 1;
    }
    nfree -= n;
    CHECK(pages_available() == nfree);
    return first;
}

static void checked_free(size_t first, size_t n)
{
    if (n == 1 && random_below(8))
        page_free(page_at(first));
    else
        pages_free(page_at(first), n);
    for (size_t i = first; i < first + n; i++)
        nfree += --owners[i] == 0;
    CHECK(pages_available() == nfree);
}

/* Gives up all references of all pages. */
static void free_all(void)
{
    for (size_t i = 0; i < NPAGES; i++)
        while (owners[i] > 0)
            checked_free(i, 1);
}

/* --- invariants inside --- */

static void check_inside(void)
{
    static bool in_bin[NPAGES + 2];
    memset(in_bin, 0, sizeof(in_bin));
    size_t binned = 0, singles = 0;
    for (uint32_t bin = 0; bin < NBINS; bin++) {
        page_t prev = 0;
        for (page_t p = pages.bins[bin]; p; prev = p, p = pages.records[p].next) {
            uint32_t run = pages.records[p].run;
            CHECK(run > 0 && p + run < pages.mark); /* never touches the mark */
            CHECK(bin_of(run) == bin);
            CHECK(pages.records[p].prev == prev);
            CHECK(pages.records[p + run - 1].run == run);
            CHECK(pages.records[p].refs == 0 && pages.records[p + run - 1].refs == 0);
            CHECK(p == 1 || !in_bin[p - 1]); /* joined with its neighbours */
            CHECK(!in_bin[p + run]);
            for (page_t q = p; q < p + run; q++) {
                CHECK(!in_bin[q] && owners[q - 1] == 0);
                in_bin[q] = true;
            }
            binned += run;
        }
    }
    for (struct record *r = pages.singles; r; r = r->next_single) {
        page_t p = (page_t)(r - pages.records);
        CHECK(!in_bin[p] && owners[p - 1] == 0 && r->run == 0 && r->refs == 0);
        singles++;
    }
    CHECK(singles == pages.nsingles && singles <= SINGLES_MAX);
    size_t untouched = 0;
    for (page_t p = pages.mark; p < pages.end; p++)
        untouched += owners[p - 1] == 0;
    CHECK(binned + singles + untouched == nfree);
    CHECK(pages.records[0].run == 0 && pages.records[0].refs == 0);
}

/* --- tests --- */

static void random_operation(void)
{
    size_t i = random_below(NPAGES);
    switch (random_below(8)) {
    case 0:
    case 1: checked_alloc(1); break;
    case 2: checked_alloc(1 + random_below(40)); break;
    case 3: checked_alloc(1 + random_below(random_below(4) ? 100 : 600)); break;
    case 4: /* any stretch of used pages, whoever allocated it */
    case 5: {
        size_t n = 0, most = 1 + random_below(150);
        while (n < most && i + n < NPAGES && owners[i + n] > 0)
            n++;
        if (n > 0)
            checked_free(i, n);
        break;
    }
    case 6:
        if (owners[i] > 0)
            checked_free(i, 1);
        break;
    case 7:
        if (owners[i] > 0) {
            page_ref(page_at(i));
            owners[i]++;
            CHECK(page_refs(page_at(i)) == (uint32_t)owners[i]);
        }
    }
}

static void test_random_operations(void)
{
    for (int round = 0; round < 12; round++) {
        start(round % 6);
        size_t total = nfree;
        for (int step = 0; step < 8000; step++) {
            random_operation();
            if (step % 16 == 0)
                check_inside();
        }
        free_all();
        check_inside();
        CHECK(pages_available() == total);
        size_t longest = longest_free_run();
        CHECK(checked_alloc(longest));
    }
}

static void test_middle_of_a_run_is_reused(void)
{
    start(0);
    char *run = checked_alloc(300);
    checked_free(index_of(run) + 100, 100);
    CHECK(checked_alloc(100) == run + 100 * PAGE_SIZE);
    checked_free(index_of(run), 300);
    check_inside();
    CHECK(checked_alloc(300) == run);
}

static void test_mark_sinks_when_all_is_free(void)
{
    start(0);
    pages_free(pages_alloc(2), 2); /* moves the mark over the records */
    page_t mark = pages.mark;
    for (int i = 0; i < 500; i++)
        checked_alloc(1 + random_below(4));
    free_all();
    join_singles();
    check_inside();
    CHECK(pages.mark == mark);
}

static void test_exhaustion_by_single_pages(void)
{
    start(4);
    size_t total = nfree, n = 0;
    while (checked_alloc(1))
        n++;
    CHECK(n == total && pages_available() == 0);
    CHECK(!pages_alloc(1) && !page_alloc_zeroed());
    free_all();
    CHECK(pages_available() == total);
}

static void test_zeroed_page(void)
{
    start(0);
    for (int i = 0; i < 5; i++) {
        char *page = page_alloc_zeroed();
        for (size_t at = 0; at < PAGE_SIZE; at++)
            CHECK(page[at] == 0);
        memset(page, 0x5a, PAGE_SIZE);
        if (i % 2)
            page_free(page);
    }
}

static void test_foolish_requests(void)
{
    start(2);
    CHECK(!pages_alloc(0));
    CHECK(!pages_alloc(SIZE_MAX));
    CHECK(!pages_alloc((1UL << 32) + 1));
    CHECK(!pages_alloc(NPAGES));
    CHECK(pages_available() == nfree);
    check_inside();
}

static void check_free_panics(void *page, const char *text)
{
    CHECK_PANICS(page_free(page), text);
}

static void test_bad_frees_are_caught(void)
{
    start(0);
    char *run = checked_alloc(10);
    char *single = checked_alloc(1), *other = checked_alloc(1);
    checked_alloc(1);
    check_free_panics(run + 8, "not allocated");
    check_free_panics(arena - PAGE_SIZE, "not allocated");
    check_free_panics(arena + sizeof(arena), "not allocated");
    check_free_panics(page_at(NPAGES - 1), "not allocated"); /* above the mark */
    check_free_panics((void *)pages.records, "not allocated");
    page_free(single);
    check_free_panics(single, "not allocated");
    page_free(other);
    CHECK_PANICS(page_ref(other), "not allocated");
    pages_free(run, 10);
    for (int i = 0; i < 10; i++)
        check_free_panics(run + i * PAGE_SIZE, "not allocated");
}

static void test_records_avoid_what_is_reserved(void)
{
    memset(&pages, 0, sizeof(pages));
    pages_reserve((uintptr_t)arena + 2 * PAGE_SIZE, (uintptr_t)arena + 5 * PAGE_SIZE);
    pages_reserve((uintptr_t)arena + 10 * PAGE_SIZE, (uintptr_t)arena + 11 * PAGE_SIZE);
    pages_init((uintptr_t)arena, (uintptr_t)arena + sizeof(arena));
    CHECK((char *)pages.records == arena + 11 * PAGE_SIZE);
    memset(&pages, 0, sizeof(pages));
    pages_reserve((uintptr_t)arena, (uintptr_t)arena + sizeof(arena) - PAGE_SIZE);
    CHECK_PANICS(pages_init((uintptr_t)arena, (uintptr_t)arena + sizeof(arena)), "no memory");
}

int main(int argc, char **argv)
{
    unit_start(argc, argv);
    test_random_operations();
    test_middle_of_a_run_is_reused();
    test_mark_sinks_when_all_is_free();
    test_exhaustion_by_single_pages();
    test_zeroed_page();
    test_foolish_requests();
    test_bad_frees_are_caught();
    test_records_avoid_what_is_reserved();
    puts("ok");
}
