/* An image of the course: two heaps behind one malloc (kern/alloc/pair.h), and a script that uses them.
 * An event of the script is the end of start-up. */
#include "kern/alloc/pair.h"
#include "kern/core/boot.h"
#include "kern/images/replay/replay.h"

#define REGION_SIZE 16384

/* Both are looked at from outside: which blocks lie in the region, and what is made when. */
char startup_region[REGION_SIZE] __attribute__((aligned(16)));
static struct heap_pair pair;

static bool init(void)
{
    return pair_init(&pair, startup_region, REGION_SIZE, &arena_source, arena_corrupted);
}

static void *get(size_t size)
{
    return pair_malloc(&pair, size);
}

static void *change(void *block, size_t size)
{
    return pair_realloc(&pair, block, size);
}

static void release(void *block)
{
    pair_free(&pair, block);
}

static void started(void)
{
    pair_started(&pair);
}

static size_t available(void)
{
    return heap_available(&pair.startup);
}

static size_t largest(void)
{
    return pair.later.ops ? heap_largest_free(&pair.later) : 0;
}

static const char *check(void)
{
    const char *complaint = heap_check(&pair.startup);
    return complaint || !pair.later.ops ? complaint : heap_check(&pair.later);
}

void image_main(void)
{
    static const struct subject subject = {
        .init = init,
        .malloc = get,
        .realloc = change,
        .free = release,
        .event = started,
        .available = available,
        .largest = largest,
        .check = check,
    };
    replay("two", &subject);
}
