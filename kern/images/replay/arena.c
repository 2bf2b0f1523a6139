/* Pages for a heap that is looked at: a row of them, taken from its beginning, given back in any part.
 *
 *     arena -> | taken | gap | taken | taken | free ...          | arena_end
 */
#include "kern/core/panic.h"
#include "kern/core/string.h"
#include "kern/images/replay/replay.h"
#include "kern/mem/pages.h"

#define PAGES_MAX 4096UL

char *arena, *arena_end;
uint64_t arena_taken, arena_peak;

static bool is_taken[PAGES_MAX];
static size_t limit, left_out;

void arena_init(size_t npages, size_t gap)
{
    limit = npages < PAGES_MAX ? npages : PAGES_MAX;
    left_out = gap;
    arena = pages_alloc(limit);
    if (!arena)
        panic("no memory for %lu pages", limit);
    arena_end = arena + limit * PAGE_SIZE;
}

/* Whether n pages from `first` on, and the gap before them, belong to nobody. */
static bool is_free(size_t first, size_t n)
{
    size_t from = first < left_out ? 0 : first - left_out;
    for (size_t page = from; page < first + n; page++)
        if (is_taken[page])
            return false;
    return true;
}

static void *take(void *unused, size_t size, size_t *got)
{
    (void)unused;
    size_t n = PAGE_UP(size) / PAGE_SIZE;
    for (size_t first = 0; n <= limit && first <= limit - n; first++) {
        if (!is_free(first, n))
            continue;
        memset(is_taken + first, true, n);
        *got = n * PAGE_SIZE;
        arena_taken += *got;
        if (arena_taken > arena_peak)
            arena_peak = arena_taken;
        return arena + first * PAGE_SIZE;
    }
    return NULL;
}

static bool give_back(void *unused, void *region, size_t size)
{
    (void)unused;
    size_t first = (size_t)((char *)region - arena) / PAGE_SIZE, n = size / PAGE_SIZE;
    for (size_t page = first; page < first + n; page++) {
        if (page >= limit || !is_taken[page])
            panic("page %p is given back, and was not taken", (void *)(arena + page * PAGE_SIZE));
        is_taken[page] = false;
    }
    arena_taken -= n * PAGE_SIZE;
    return true;
}

void arena_corrupted(const char *what, void *block)
{
    panic("block %p: %s", block, what);
}

const struct heap_source arena_source = {.by_page = true, .take = take, .give_back = give_back};
