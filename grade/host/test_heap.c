/* Unit test of the heap interface, run on every back end there is: random operations against a model,
 * with the back end's own invariants checked on the way.
 *
 * Every block is filled with a pattern of its own; a block that overlaps another, or that the heap
 * writes into, shows. */
#include "kern/alloc/heap.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct heap_ops *const back_ends[] = {&heap_firstfit, &heap_tlsf, &heap_buddy,
                                                   &heap_slab};

#define PAGE      4096UL
#define LIVE_MAX  1000 /* of random operations */
#define LIVE_ALL  20000
#define ARENA_MAX (256 * 1024)

static struct heap heap;
static const struct heap_ops *ops;

/* --- a source of regions that can run dry --- */

static size_t source_pages_left, regions_out;
static const size_t source_pages = 600;

static void *take(void *arg, size_t size, size_t *got)
{
    CHECK(arg == &regions_out);
    size_t npages = (size + PAGE - 1) / PAGE;
    if (npages < 4 && source_pages_left >= 4)
        npages = 4;
    if (npages > source_pages_left)
        return NULL;
    source_pages_left -= npages;
    regions_out++;
    *got = npages * PAGE;
    char *region = aligned_alloc(PAGE, npages * PAGE); /* ASan watches its ends */
    memset(region, 0xa5, npages * PAGE);
    return region;
}

static bool give_back(void *arg, void *region, size_t size)
{
    CHECK(arg == &regions_out);
    CHECK(size % PAGE == 0);
    source_pages_left += size / PAGE;
    regions_out--;
    free(region);
    return true;
}

static const struct heap_source source = {
    .take = take, .give_back = give_back, .arg = &regions_out};

/* --- a source of pages that lie side by side: any of them may go back --- */

enum { ROW_PAGES = 600 };

static char row[ROW_PAGES * 4096] __attribute__((aligned(4096)));
static bool row_taken[ROW_PAGES];
static size_t row_pages; /* taken now */

static bool row_has(size_t first, size_t npages)
{
    for (size_t page = first; page < first + npages; page++)
        if (page >= ROW_PAGES || row_taken[page])
            return false;
    return true;
}

static void row_mark(size_t first, size_t npages, bool taken)
{
    for (size_t page = first; page < first + npages; page++) {
        CHECK(page < ROW_PAGES && row_taken[page] != taken);
        row_taken[page] = taken;
    }
    memset(row + first * PAGE, 0xa5, npages * PAGE);
    row_pages += taken ? npages : -npages;
}

static void *take_from_row(void *arg, size_t size, size_t *got)
{
    size_t npages = (size + PAGE - 1) / PAGE, first = 0;
    CHECK(arg == row);
    while (first < ROW_PAGES && !row_has(first, npages))
        first++;
    if (first == ROW_PAGES)
        return NULL;
    row_mark(first, npages, true);
    *got = npages * PAGE;
    return row + first * PAGE;
}

static bool give_back_to_row(void *arg, void *region, size_t size)
{
    CHECK(arg == row && size % PAGE == 0 && ((char *)region - row) % PAGE == 0);
    row_mark((size_t)((char *)region - row) / PAGE, size / PAGE, false);
    return true;
}

static const struct heap_source row_source = {
    .by_page = true, .take = take_from_row, .give_back = give_back_to_row, .arg = row};

/* --- locks: taken and released in turn --- */

static int lock_depth;

static void lock(void *arg)
{
    CHECK(arg == &lock_depth && lock_depth == 0);
    lock_depth++;
}

static void unlock(void *arg)
{
    CHECK(arg == &lock_depth && lock_depth == 1);
    lock_depth--;
}

static const struct heap_lock_ops lock_ops = {.lock = lock, .unlock = unlock};

/* --- the model --- */

struct live {
    unsigned char *block;
    size_t size;
    unsigned char pattern;
};

static struct live live[LIVE_ALL];
static size_t nlive;

static void check_heap(void)
{
    const char *complaint = heap_check(&heap);
    if (complaint) {
        printf("%s: %s\n", ops->name, complaint);
        CHECK(!"the heap's own check");
    }
    CHECK(lock_depth == 0);
}

static bool holds_pattern(const struct live *one, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (one->block[i] != one->pattern)
            return false;
    return true;
}

static void remember(struct live *one, void *block, size_t size, size_t align)
{
    CHECK((uintptr_t)block % (align > HEAP_ALIGN ? align : HEAP_ALIGN) == 0);
    CHECK(heap_usable_size(&heap, block) >= size);
    *one = (struct live){block, size, (unsigned char)(1 + random_below(255))};
    memset(block, one->pattern, size);
}

static void add(void *block, size_t size, size_t align)
{
    if (block)
        remember(&live[nlive++], block, size, align);
}

static size_t random_size(void)
{
    switch (random_below(16)) {
    case 0: return random_below(3);
    case 1: return random_below(20000);
    case 2:
    case 3: return random_below(2000);
    default: return random_below(200);
    }
}

static void drop(size_t i)
{
    CHECK(holds_pattern(&live[i], live[i].size));
    heap_free(&heap, live[i].block);
    live[i] = live[--nlive];
}

static void resize(size_t i)
{
    struct live *one = &live[i];
    size_t size = 1 + random_size();
    void *moved = heap_realloc(&heap, one->block, size);
    if (!moved) { /* the old block must be as it was */
        CHECK(holds_pattern(one, one->size));
        return;
    }
    one->block = moved;
    CHECK(holds_pattern(one, size < one->size ? size : one->size));
    remember(one, moved, size, HEAP_ALIGN);
}

static void add_zeroed(void)
{
    size_t count = random_below(20), size = random_below(100);
    unsigned char *block = heap_calloc(&heap, count, size);
    for (size_t i = 0; block && i < count * size; i++)
        CHECK(block[i] == 0);
    add(block, count * size, HEAP_ALIGN);
}

static void random_operation(void)
{
    unsigned what = (unsigned)random_below(12);
    if (what < 5 && nlive < LIVE_MAX) {
        size_t size = random_size();
        add(heap_malloc(&heap, size), size, HEAP_ALIGN);
    } else if (what == 5 && nlive < LIVE_MAX) {
        size_t size = random_size(), align = 1UL << random_below(14);
        add(heap_memalign(&heap, align, size), size, align);
    } else if (what == 6 && nlive < LIVE_MAX) {
        add_zeroed();
    } else if (what == 7 && nlive > 0) {
        resize(random_below(nlive));
    } else if (nlive > 0) {
        drop(random_below(nlive));
    }
}

static void drop_all(void)
{
    while (nlive > 0)
        drop(random_below(nlive));
    heap_trim(&heap);
    check_heap();
}

static void random_operations(long nsteps, int check_every)
{
    for (long step = 0; step < nsteps; step++) {
        random_operation();
        if (step % check_every == 0)
            check_heap();
        if (random_below(1500) == 0)
            drop_all();
    }
}

/* --- tests --- */

static void start_on_source(void)
{
    heap = (struct heap){.lock_ops = &lock_ops, .lock_arg = &lock_depth, .source = &source};
    source_pages_left = source_pages;
    regions_out = 0;
    CHECK(heap_init(&heap, ops, NULL, 0));
    CHECK(regions_out == 1);
}

static void stop_on_source(void)
{
    heap_trim(&heap);
    CHECK(regions_out == 1);
    free((void *)((uintptr_t)heap.state & ~(PAGE - 1)));
}

static char *arena;

/* The size of a region with room for state and a block of so much, and not for much more. */
static size_t region_for(size_t size)
{
    heap = (struct heap){0};
    return ops->state_size + HEAP_ALIGN + ops->region_for(&heap, size, HEAP_ALIGN);
}

static void start_on_region(size_t size)
{
    heap = (struct heap){0};
    size_t offset = random_below(40); /* need not be aligned */
    arena = malloc(ARENA_MAX + 64);
    memset(arena, 0x5a, ARENA_MAX + 64);
    CHECK(heap_init(&heap, ops, arena + offset, size));
}

static void test_regions_return_to_the_source(void)
{
    start_on_source();
    size_t before = source_pages_left;
    for (int round = 0; round < 10; round++) {
        random_operations(6000, 8);
        drop_all();
        CHECK(source_pages_left == before);
    }
    stop_on_source();
}

/* What is left when all is free: the first region, or a part of what became of it. */
static void test_pages_side_by_side(void)
{
    enum { LEAST = 40 };
    memset(row_taken, 0, sizeof(row_taken));
    row_pages = 0;
    heap = (struct heap){.lock_ops = &lock_ops, .lock_arg = &lock_depth, .source = &row_source};
    CHECK(heap_init(&heap, ops, NULL, 0));
    for (int round = 0; round < 6; round++) {
        random_operations(3000, 8);
        drop_all();
        while (nlive < 1500)
            add(heap_malloc(&heap, 900), 900, HEAP_ALIGN);
        check_heap();
        CHECK(row_pages > 300);
        drop_all();
        CHECK(row_pages <= LEAST);
        CHECK(heap_available(&heap) <= row_pages * PAGE);
    }
}

static void test_fixed_region_recovers(void)
{
    start_on_region(60000);
    size_t available = heap_available(&heap), largest = heap_largest_free(&heap);
    for (int round = 0; round < 10; round++) {
        random_operations(6000, 8);
        drop_all();
        CHECK(heap_available(&heap) == available);
        CHECK(heap_largest_free(&heap) == largest);
    }
    free(arena);
}

static void test_largest_free_is_exact(void)
{
    start_on_region(30000);
    for (int round = 0; round < 200; round++) {
        random_operations(20, 8);
        size_t largest = heap_largest_free(&heap);
        CHECK(!heap_malloc(&heap, largest + 1));
        void *block = largest ? heap_malloc(&heap, largest) : NULL;
        CHECK(!largest || block);
        heap_free(&heap, block);
    }
    drop_all();
    free(arena);
}

static void test_second_region(void)
{
    start_on_region(region_for(4000));
    CHECK(!heap_malloc(&heap, 10000));
    char *more = malloc(40000);
    CHECK(heap_add_region(&heap, more, 40000));
    void *block = heap_malloc(&heap, 10000);
    CHECK(block);
    random_operations(500, 8);
    drop_all();
    heap_free(&heap, block);
    CHECK(!heap_add_region(&heap, more, 8));
    check_heap();
    free(more);
    free(arena);
}

static void test_tiny_regions(void)
{
    for (size_t size = 0; size < region_for(1) + 400; size += size < ops->state_size ? 16 : 1) {
        char *region = malloc(size ? size : 1);
        heap = (struct heap){0};
        if (heap_init(&heap, ops, region, size)) {
            void *block = heap_malloc(&heap, 1);
            CHECK(block);
            memset(block, 1, heap_usable_size(&heap, block));
            check_heap();
            heap_free(&heap, block);
            check_heap();
        }
        free(region);
    }
    heap = (struct heap){.source = &source};
    source_pages_left = 0;
    CHECK(!heap_init(&heap, ops, NULL, 0));
}

static void short_step(unsigned what)
{
    static const size_t sizes[] = {1, 50, 180};
    if (what < 3)
        add(heap_malloc(&heap, sizes[what]), sizes[what], HEAP_ALIGN);
    else if (nlive > 0)
        drop(what == 3 ? 0 : what == 4 ? nlive / 2 : nlive - 1);
}

/* Every sequence of so many steps on a heap with little room: malloc of three sizes, free of three
 * blocks. */
static void test_short_sequences(void)
{
    enum { STEPS = 7, KINDS = 6 };
    static char region[16384] __attribute__((aligned(16)));
    size_t size = region_for(600);
    unsigned nsequences = 1;
    for (int i = 0; i < STEPS; i++)
        nsequences *= KINDS;
    for (unsigned sequence = 0; sequence < nsequences; sequence++) {
        heap = (struct heap){0};
        CHECK(heap_init(&heap, ops, region, size));
        size_t available = heap_available(&heap);
        for (unsigned rest = sequence, i = 0; i < STEPS; i++, rest /= KINDS)
            short_step(rest % KINDS);
        check_heap();
        drop_all();
        CHECK(heap_available(&heap) == available);
    }
}

static void test_standard_corners(void)
{
    start_on_source();
    heap_free(&heap, NULL);
    void *empty = heap_malloc(&heap, 0), *other = heap_malloc(&heap, 0);
    CHECK(empty && other && empty != other);
    heap_free(&heap, empty);
    heap_free(&heap, other);
    CHECK(!heap_malloc(&heap, SIZE_MAX) && !heap_malloc(&heap, SIZE_MAX / 2));
    CHECK(!heap_malloc(&heap, SIZE_MAX - 8) && !heap_malloc(&heap, HEAP_SIZE_MAX));
    CHECK(!heap_calloc(&heap, SIZE_MAX / 2, 3) && !heap_calloc(&heap, 1UL << 32, 1UL << 32));
    CHECK(!heap_memalign(&heap, 64, SIZE_MAX - 32) && !heap_memalign(&heap, 1UL << 63, 8));
    CHECK(heap_usable_size(&heap, NULL) == 0);

    char *block = heap_realloc(&heap, NULL, 10);
    strcpy(block, "contents");
    CHECK(!heap_realloc(&heap, block, SIZE_MAX - 3));
    CHECK(strcmp(block, "contents") == 0);
    block = heap_realloc(&heap, block, 100000);
    CHECK(block && strcmp(block, "contents") == 0);
    block = heap_realloc(&heap, block, 20);
    CHECK(block && strcmp(block, "contents") == 0);
    CHECK(!heap_realloc(&heap, block, 0));
    heap_trim(&heap);
    CHECK(regions_out == 1); /* the large region went back */
    check_heap();
    stop_on_source();
}

static void test_memalign_up_to_a_mebibyte(void)
{
    start_on_source();
    for (size_t align = 1; align <= 1UL << 20; align *= 2) {
        char *block = heap_memalign(&heap, align, 100);
        CHECK(block && (uintptr_t)block % align == 0);
        CHECK(heap_usable_size(&heap, block) >= 100);
        memset(block, 7, 100);
        block = heap_realloc(&heap, block, 5000);
        CHECK(block && block[0] == 7 && block[99] == 7);
        check_heap();
        heap_free(&heap, block);
    }
    check_heap();
    stop_on_source();
}

static void test_exhaustion(void)
{
    start_on_source();
    while (nlive < LIVE_MAX / 2) {
        void *block = heap_malloc(&heap, 9000);
        if (!block)
            break;
        add(block, 9000, HEAP_ALIGN);
    }
    CHECK(nlive > 50 && nlive < LIVE_MAX / 2);
    CHECK(!heap_calloc(&heap, 3, 3000));
    CHECK(!heap_memalign(&heap, 4096, 9000));
    check_heap();
    source_pages_left = 0; /* a smaller region might have been had */
    size_t largest;
    while (nlive < LIVE_ALL && (largest = heap_largest_free(&heap)) > 0)
        add(heap_malloc(&heap, largest), largest, HEAP_ALIGN);
    CHECK(!heap_malloc(&heap, 1));
    /* To make a block smaller needs no room. */
    CHECK(heap_realloc(&heap, live[0].block, 100) == live[0].block);
    live[0].size = 100;
    drop_all();
    stop_on_source();
}

/* --- generic code over the poorest of back ends: it does as the script says --- */

static void *scripted_block, *freed_block;

static bool scripted_add_region(struct heap *h, void *start, size_t size)
{
    return h && start && size;
}

static void scripted_init(struct heap *h)
{
    (void)h;
}

static void *scripted_malloc(struct heap *h, size_t size)
{
    return h && size ? scripted_block : NULL;
}

static void scripted_free(struct heap *h, void *block)
{
    (void)h;
    freed_block = block;
}

static size_t scripted_usable_size(struct heap *h, void *block)
{
    return h && block ? 500 : 0;
}

static const struct heap_ops scripted = {
    .name = "scripted",
    .init = scripted_init,
    .add_region = scripted_add_region,
    .malloc = scripted_malloc,
    .free = scripted_free,
    .usable_size = scripted_usable_size,
};

static void test_aligned_blocks_inside_others(void)
{
    static char memory[4096] __attribute__((aligned(1024)));
    heap = (struct heap){0};
    CHECK(heap_init(&heap, &scripted, memory, sizeof(memory)));
    char *outer = scripted_block = memory + 48;
    char *aligned = heap_memalign(&heap, 256, 100);
    CHECK(aligned == memory + 256);
    CHECK(heap_usable_size(&heap, aligned) == 500 - (size_t)(aligned - outer));
    CHECK(heap_usable_size(&heap, outer) == 500);
    heap_free(&heap, aligned);
    CHECK(freed_block == outer);
    scripted_block = aligned; /* now as an ordinary block, in memory as the other left it */
    heap_free(&heap, heap_malloc(&heap, 100));
    CHECK(freed_block == aligned);
    scripted_block = memory + 512; /* aligned as it is */
    heap_free(&heap, heap_memalign(&heap, 512, 100));
    CHECK(freed_block == memory + 512);
}

/* --- misuse --- */

static void corrupted(const char *what, void *block)
{
    (void)block;
    extern void panic(const char *format, ...);
    panic("%s", what);
}

static void check_free_reports(void *block)
{
    CHECK_PANICS(heap_free(&heap, block), "block");
}

/* Those that keep their books elsewhere cannot notice that a block was overrun. */
static bool tags_beside_blocks(void)
{
    return ops != &heap_buddy && ops != &heap_slab;
}

static void test_misuse_is_reported(void)
{
    start_on_region(30000);
    heap.corrupted = corrupted;
    char *a = heap_malloc(&heap, 100), *b = heap_malloc(&heap, 100), *c = heap_malloc(&heap, 100);
    memset(b, 0, 100);
    check_free_reports(b + 8);
    check_free_reports(b + 16);
    char *aligned = heap_memalign(&heap, 1024, 10);
    heap_free(&heap, aligned);
    check_free_reports(aligned);
    heap_free(&heap, b);
    check_free_reports(b); /* between two used blocks */
    heap_free(&heap, a);
    check_free_reports(a);
    check_free_reports(b); /* inside of a free block now */
    heap_free(&heap, c);
    check_free_reports(c);
    check_heap();
    char *last = heap_malloc(&heap, heap_largest_free(&heap));
    check_free_reports(last + heap_usable_size(&heap, last) + 8); /* behind all blocks */
    heap_free(&heap, last);
    memset(heap_malloc(&heap, 100), 0xff, 200); /* beyond its end */
    CHECK(heap_check(&heap) || !tags_beside_blocks());
    free(arena);
}

/* Bump takes back the last block, and so whatever is freed in the reverse order. */
static void test_last_comes_back(void)
{
    start_on_region(60000);
    size_t available = heap_available(&heap);
    void *blocks[100];
    for (int round = 0; round < 50; round++) {
        for (int i = 0; i < 100; i++)
            CHECK((blocks[i] = heap_malloc(&heap, random_below(500))));
        for (int i = 100; i-- > 0;)
            heap_free(&heap, blocks[i]);
        CHECK(heap_available(&heap) == available);
        check_heap();
    }
    char *last = heap_malloc(&heap, 10);
    CHECK(heap_realloc(&heap, last, 50000) == last && heap_realloc(&heap, last, 20) == last);
    heap_free(&heap, last);
    CHECK(heap_available(&heap) == available);
    free(arena);
}

/* What is never taken back is enough for a while, and gone after it. */
static void test_region_that_runs_out(void)
{
    start_on_region(250000);
    for (int round = 0; round < 10; round++)
        random_operations(600, 8);
    while (heap_largest_free(&heap) > 0)
        CHECK(heap_malloc(&heap, heap_largest_free(&heap)));
    CHECK(!heap_malloc(&heap, 1));
    drop_all();
    free(arena);
}

static void test_aligned_blocks_of_a_region(void)
{
    static char region[4 << 20];
    heap = (struct heap){0};
    CHECK(heap_init(&heap, ops, region, sizeof(region)));
    for (size_t align = 1; align <= 1UL << 20; align *= 2) {
        size_t size = random_below(300);
        add(heap_memalign(&heap, align, size), size, align);
    }
    CHECK(nlive == 21);
    drop_all();
}

/* The one that does not recover. */
static void test_bump(void)
{
    test_last_comes_back();
    test_region_that_runs_out();
    test_aligned_blocks_of_a_region();
    test_tiny_regions();
    test_misuse_is_reported();
}

static void test_back_end(void)
{
    test_standard_corners();
    test_regions_return_to_the_source();
    test_pages_side_by_side();
    test_fixed_region_recovers();
    test_largest_free_is_exact();
    test_second_region();
    test_tiny_regions();
    test_short_sequences();
    test_memalign_up_to_a_mebibyte();
    test_aligned_blocks_of_a_region();
    test_exhaustion();
    test_misuse_is_reported();
}

/* So many random operations, half of them with room to spare and half without. */
static void campaign(long nsteps)
{
    for (int round = 0; round < 20; round++) {
        if (ops == &heap_bump) {
            for (long step = 0; step < nsteps / 20; step += 1000) {
                start_on_region(250000);
                random_operations(1000, 500);
                drop_all();
                free(arena);
            }
            continue;
        }
        start_on_source();
        source_pages_left = round % 2 ? source_pages : 60;
        size_t before = source_pages_left;
        random_operations(nsteps / 20, 5000);
        drop_all();
        CHECK(source_pages_left == before);
        stop_on_source();
    }
}

/* test_heap SEED [OPERATIONS]: all tests, or a campaign of so many operations on each back end. */
int main(int argc, char **argv)
{
    unit_start(argc, argv);
    long noperations = argc > 2 ? atol(argv[2]) : 0;
    if (!noperations)
        test_aligned_blocks_inside_others();
    for (size_t i = 0; i < sizeof(back_ends) / sizeof(back_ends[0]); i++) {
        ops = back_ends[i];
        if (noperations)
            campaign(noperations);
        else if (ops == &heap_bump)
            test_bump();
        else
            test_back_end();
    }
    puts("ok");
}
