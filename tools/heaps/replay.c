/* Replays a trace on one heap, on this side of the machine, and believes the heap nothing: see
 * tools/heaps/replay.py, which says how it is called.
 *
 * The heap gets its regions from an arena of pages. Beside the arena lies a map with a byte for every
 * 16 bytes of it: what belongs to the source, to the heap, or to a live block. A block that reaches out
 * of its region or into another block shows there. Every block is filled with a pattern of its own:
 * what the heap writes into a live block, or loses when it moves one, shows when the block is freed.
 *
 *     arena  |  ...  | region                                  |  ...  | region |  ...
 *     map     SOURCE  HEAP HEAP LIVE LIVE LIVE HEAP LIVE ... HEAP SOURCE  HEAP
 */
#include "kern/alloc/heap.h"
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { MALLOC = 0, FREE = 1, REALLOC = 2 };
enum { SOURCE = 0, HEAP = 1, LIVE = 2 }; /* in the map; never touched is SOURCE */

#define PAGE   4096UL
#define ARENA  (1UL << 30)
#define CHECKS 2000 /* so many times the heap's own check runs on the way */

struct header {
    uint32_t nslots, nops, peak, unused;
};

struct op {
    uint32_t slot_and_kind, size;
};

struct slot {
    unsigned char *block; /* NULL: nothing there */
    size_t size;
    unsigned char pattern;
};

extern const struct heap_ops BACK_END; /* the build says which */

static char *arena;
static unsigned char *map;
static size_t pages_out, pages_most, pages_limit = ARENA / PAGE, first_free_page;
static size_t live_bytes, live_most, failures, given_back;
static struct heap heap;
static uint32_t now; /* number of the operation */

static void fail(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fprintf(stderr, "%s: operation %u: ", BACK_END.name, now);
    vfprintf(stderr, format, args);
    fprintf(stderr, "\n");
    va_end(args);
    exit(1);
}

/* --- the map --- */

static unsigned char *map_of(const void *address)
{
    size_t offset = (size_t)((const char *)address - arena);
    if (offset >= ARENA)
        fail("%p is in no region", address);
    return map + offset / HEAP_ALIGN;
}

/* All of [start, start + size) changes from one owner to another. */
static void change_owner(void *start, size_t size, int from, int to)
{
    unsigned char *first = map_of(start);
    for (size_t i = 0; i < (size + HEAP_ALIGN - 1) / HEAP_ALIGN; i++) {
        if (first[i] != from)
            fail("%p, %zu bytes: %s", start, size,
                 first[i] == LIVE     ? "overlaps a live block"
                 : first[i] == SOURCE ? "reaches out of its region"
                                      : "is not what it was");
        first[i] = (unsigned char)to;
    }
}

/* --- where regions come from --- */

static bool are_free(size_t page, size_t npages)
{
    for (size_t i = 0; i < npages; i++)
        if (map[(page + i) * PAGE / HEAP_ALIGN] != SOURCE)
            return false;
    return true;
}

static void *take(void *unused, size_t size, size_t *got)
{
    (void)unused;
    size_t npages = (size + PAGE - 1) / PAGE, page = first_free_page;
    if (npages > pages_limit - pages_out)
        return NULL;
    while (page + npages <= ARENA / PAGE && !are_free(page, npages))
        page++;
    if (page + npages > ARENA / PAGE)
        return NULL;
    if (page == first_free_page)
        first_free_page += npages;
    pages_out += npages;
    if (pages_out > pages_most)
        pages_most = pages_out;
    *got = npages * PAGE;
    change_owner(arena + page * PAGE, *got, SOURCE, HEAP);
    memset(arena + page * PAGE, 0xa5, *got);
    return arena + page * PAGE;
}

static bool give_back(void *unused, void *region, size_t size)
{
    (void)unused;
    size_t page = (size_t)((char *)region - arena) / PAGE;
    change_owner(region, size, HEAP, SOURCE);
    memset(region, 0x5a, size);
    pages_out -= size / PAGE;
    given_back++;
    if (page < first_free_page)
        first_free_page = page;
    return true;
}

static void corrupted(const char *what, void *block)
{
    fail("the heap says of block %p: %s", block, what);
}

static const struct heap_source source = {.take = take, .give_back = give_back};

/* --- blocks --- */

static void check_contents(const struct slot *slot, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (slot->block[i] != slot->pattern)
            fail("block %p: byte %zu of %zu was written over", (void *)slot->block, i, slot->size);
}

static void fill(struct slot *slot, void *block, size_t size)
{
    if ((uintptr_t)block % HEAP_ALIGN != 0)
        fail("block %p is not aligned", block);
    if (heap_usable_size(&heap, block) < size)
        fail("block %p: %zu bytes asked for, %zu usable", block, size,
             heap_usable_size(&heap, block));
    *slot = (struct slot){block, size, (unsigned char)(1 + now % 255)};
    memset(block, slot->pattern, size);
    live_bytes += size;
    if (live_bytes > live_most)
        live_most = live_bytes;
}

static void replay_malloc(struct slot *slot, size_t size)
{
    void *block = heap_malloc(&heap, size);
    if (!block) {
        failures++;
        return;
    }
    change_owner(block, size ? size : 1, HEAP, LIVE);
    fill(slot, block, size);
}

static void forget(struct slot *slot)
{
    change_owner(slot->block, slot->size ? slot->size : 1, LIVE, HEAP);
    live_bytes -= slot->size;
}

static void replay_free(struct slot *slot)
{
    if (!slot->block)
        return; /* there was no memory for it */
    check_contents(slot, slot->size);
    forget(slot);
    heap_free(&heap, slot->block);
    slot->block = NULL;
}

static void replay_realloc(struct slot *slot, size_t size)
{
    if (!slot->block) {
        replay_malloc(slot, size);
        return;
    }
    check_contents(slot, slot->size);
    struct slot old = *slot;
    forget(slot); /* while the heap works; what it must not touch is found by its contents */
    void *moved = heap_realloc(&heap, old.block, size);
    if (!moved)
        failures++;
    slot->block = moved ? moved : old.block;
    slot->size = moved && size < old.size ? size : old.size;
    change_owner(slot->block, moved ? size : old.size, HEAP, LIVE);
    check_contents(slot, slot->size);
    if (moved)
        fill(slot, moved, size);
    else
        live_bytes += old.size;
}

static void check_heap(void)
{
    const char *complaint = heap_check(&heap);
    if (complaint)
        fail("the heap's own check: %s", complaint);
}

/* --- the replay --- */

static void replay(const struct header *header, struct slot *slots)
{
    const struct op *ops = (const struct op *)(header + 1);
    uint32_t every = 1 + header->nops / CHECKS;
    for (now = 0; now < header->nops; now++) {
        struct slot *slot = &slots[ops[now].slot_and_kind >> 2];
        unsigned kind = ops[now].slot_and_kind & 3;
        if (kind == MALLOC)
            replay_malloc(slot, ops[now].size);
        else if (kind == FREE)
            replay_free(slot);
        else
            replay_realloc(slot, ops[now].size);
        if (now % every == 0)
            check_heap();
    }
}

/* Is everything back, or at least free? Not with a heap that takes nothing back. A tenth is for what a
 * heap may write into the regions that it keeps. */
static void end(const struct header *header, struct slot *slots, size_t first_pages)
{
    for (uint32_t i = 0; i < header->nslots; i++)
        replay_free(&slots[i]);
    heap_trim(&heap);
    check_heap();
    size_t kept = (pages_out - first_pages) * PAGE;
    if (heap_available(&heap) < kept / 10 * 9 && strcmp(BACK_END.name, "bump") != 0)
        fail("all blocks are freed, %zu bytes did not come back, and of those only %zu are free",
             kept, heap_available(&heap));
}

static const struct header *read_trace(const char *name)
{
    int fd = open(name, O_RDONLY);
    struct stat about;
    if (fd < 0 || fstat(fd, &about) != 0 || (size_t)about.st_size < sizeof(struct header))
        return NULL;
    const struct header *header = mmap(NULL, (size_t)about.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    bool whole = header != MAP_FAILED &&
                 (size_t)about.st_size == sizeof(*header) + header->nops * sizeof(struct op);
    return whole ? header : NULL;
}

static void *reserve(size_t size)
{
    return mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1,
                0);
}

int main(int argc, char **argv)
{
    const struct header *header = argc > 1 ? read_trace(argv[1]) : NULL;
    if (!header) {
        fprintf(stderr, "%s is not a trace\n", argc > 1 ? argv[1] : "nothing");
        return 2;
    }
    if (argc > 2)
        pages_limit = strtoul(argv[2], NULL, 10) / PAGE;
    arena = reserve(ARENA);
    map = reserve(ARENA / HEAP_ALIGN);
    heap = (struct heap){.source = &source, .corrupted = corrupted, .nharts = 1};
    if (arena == MAP_FAILED || map == MAP_FAILED)
        return 2;
    if (!heap_init(&heap, &BACK_END, NULL, 0)) {
        fprintf(stderr, "%s does not even begin with so little memory\n", BACK_END.name);
        return 1;
    }
    size_t first_pages = pages_out;
    struct slot *slots = calloc(header->nslots, sizeof(*slots));
    if (!slots)
        return 2;
    replay(header, slots);
    printf("operations %u failures %zu peak %zu taken %zu given_back %zu\n", header->nops, failures,
           live_most, pages_most * PAGE, given_back);
    end(header, slots, first_pages);
    free(slots);
    return 0;
}
