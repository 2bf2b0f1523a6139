/* Watching heaps: statistics, guards, traces, failures. In an image only with HEAP_STATS=1, HEAP_CHECK=1,
 * HEAP_TRACE=1 or HEAP_FAIL=n; watched/heap_watch.h says who calls what.
 *
 * With guards, a block of the user's lies inside a larger one of the back end's:
 *
 *     back end's block           user's block
 *     +-------+------+-----------+------------------------+-----------+
 *     |  ...  | head: outer, size, key |  bytes            | tail: key |
 *     +-------+------+-----------+------------------------+-----------+
 *
 * The key is made from the address. Freeing turns the head's key into another one, which stands as long
 * as nobody else gets the memory: so freeing twice shows. Links of free blocks destroy the first 16
 * bytes of the head. The bytes are overwritten on free, so that using them shows.
 *
 * A trace is a list of chunks, taken from the heap's own source, at the end of which the newest record
 * stands. The host reads it from the machine's memory (tools/heaps).
 */
#include "heap_watch.h"

struct head {
    void *outer; /* the back end's block */
    size_t size;
    uintptr_t key;
    uintptr_t unused; /* the size is a multiple of the alignment */
};

#define TAIL_BYTES 16
#define LIVE_KEY   0x6c6976652d626c6bUL
#define DEAD_KEY   0x646561642d626c6bUL
#define DEAD_BYTE  0xdd

/* A back end that locks for itself has not done so here. */
static void enter(struct heap *heap)
{
    if (heap->ops->per_hart)
        heap_lock(heap);
}

static void leave(struct heap *heap)
{
    if (heap->ops->per_hart)
        heap_unlock(heap);
}

/* --- guards --- */

static size_t head_room(size_t align)
{
    return align > sizeof(struct head) ? align : sizeof(struct head);
}

static struct head *head_of(void *user)
{
    return (struct head *)user - 1;
}

static unsigned char *tail_of(void *user)
{
    return (unsigned char *)user + head_of(user)->size;
}

static unsigned char tail_byte(void *user, unsigned i)
{
    return (unsigned char)(((uintptr_t)user ^ LIVE_KEY) >> (i % 8 * 8));
}

static void *guard(void *block, size_t size, size_t align)
{
    char *user = (char *)block + head_room(align);
    *head_of(user) = (struct head){block, size, (uintptr_t)user ^ LIVE_KEY, 0};
    for (unsigned i = 0; i < TAIL_BYTES; i++)
        tail_of(user)[i] = tail_byte(user, i);
    return user;
}

static void check_guards(struct heap *heap, void *user)
{
    const struct head *head = head_of(user);
    if ((uintptr_t)user % HEAP_ALIGN != 0)
        heap_corrupted(heap, "not the address of a block", user);
    if (head->key == ((uintptr_t)user ^ DEAD_KEY))
        heap_corrupted(heap, "freed twice", user);
    if (head->key != ((uintptr_t)user ^ LIVE_KEY))
        heap_corrupted(heap, "not the address of a block, or something wrote in front of it", user);
    for (unsigned i = 0; i < TAIL_BYTES; i++)
        if (tail_of(user)[i] != tail_byte(user, i))
            heap_corrupted(heap, "something wrote behind its end", user);
}

static void *unguard(void *user)
{
    struct head *head = head_of(user);
    void *block = head->outer;
    __builtin_memset(user, DEAD_BYTE, head->size);
    head->key = (uintptr_t)user ^ DEAD_KEY;
    return block;
}

/* --- failing on purpose --- */

/* Which requests fail, of those to all heaps and to the page allocator: so many, from this one on. The host writes the numbers into
 * the image (tools/heaps/fail.py), and reads how many requests there were and what is left. */
size_t heap_fail[2] = {SIZE_MAX, 1};
size_t heap_requests, heap_live_blocks;

bool watch_refuses(void)
{
    if (!HEAP_FAIL)
        return false;
    size_t number = __atomic_add_fetch(&heap_requests, 1, __ATOMIC_RELAXED);
    return number >= heap_fail[0] && number - heap_fail[0] < heap_fail[1];
}

/* --- statistics --- */

static void count_block(struct heap *heap, size_t size)
{
    struct heap_stats *stats = &heap->stats;
    stats->live_blocks++;
    __atomic_add_fetch(&heap_live_blocks, 1, __ATOMIC_RELAXED);
    stats->live_bytes += size;
    if (stats->live_bytes > stats->peak_bytes)
        stats->peak_bytes = stats->live_bytes;
}

static void uncount_block(struct heap *heap, size_t size)
{
    heap->stats.live_blocks--;
    __atomic_sub_fetch(&heap_live_blocks, 1, __ATOMIC_RELAXED);
    heap->stats.live_bytes -= size;
}

static void count_failure(struct heap *heap)
{
    heap->stats.requests++;
    heap->stats.failures++;
}

/* --- traces --- */

enum { MADE = 1, FREED = 2, RESIZED = 3, REFUSED = 4, REGION_TAKEN = 5, REGION_GIVEN_BACK = 6 };

struct record {
    uint64_t time;    /* instructions retired */
    uint64_t address; /* of the block or region, with what happened in the low bits */
    uint64_t other;   /* the old address, or the alignment, or the size of the region */
    uint32_t size;
    uint32_t site; /* the caller, low half */
};

#define CHUNK_BYTES 65536

struct chunk {
    struct chunk *older;
    struct heap *heap;
    size_t nrecords, room; /* as many as the source gave memory for */
    struct record records[];
};

struct chunk
    *heap_trace; /* the newest; guarded by the heap's lock, as one heap is traced at a time */
size_t heap_trace_lost; /* what there was no memory to write down; guarded in the same way */

#ifdef __riscv
static uint64_t now(void)
{
    uint64_t instructions;
    __asm__ volatile("rdinstret %0" : "=r"(instructions));
    return instructions;
}
#else
static uint64_t now(void)
{
    return 0;
}
#endif

/* The chunk that has room for another record, or NULL. */
static struct chunk *chunk_with_room(struct heap *heap)
{
    struct chunk *chunk = heap_trace;
    while (chunk && chunk->heap != heap)
        chunk = chunk->older;
    if (chunk && chunk->nrecords < chunk->room)
        return chunk;
    size_t got;
    chunk = heap->source ? heap->source->take(heap->source->arg, CHUNK_BYTES, &got) : NULL;
    if (!chunk)
        return NULL;
    chunk->older = heap_trace;
    chunk->heap = heap;
    chunk->nrecords = 0;
    chunk->room = (got - sizeof(*chunk)) / sizeof(chunk->records[0]);
    return heap_trace = chunk;
}

static void record(struct heap *heap, unsigned what, void *address, uintptr_t other, size_t size)
{
    struct chunk *chunk = chunk_with_room(heap);
    if (!chunk) {
        heap_trace_lost++;
        return;
    }
    chunk->records[chunk->nrecords++] =
        (struct record){now(), ((uintptr_t)address & ~7UL) | what, other, (uint32_t)size,
                        (uint32_t)(uintptr_t)heap->site};
}

/* --- what happens --- */

size_t watch_padded(size_t size, size_t align)
{
    return HEAP_CHECK ? head_room(align) + size + TAIL_BYTES : size;
}

void *watch_refused(struct heap *heap)
{
    count_failure(heap);
    return NULL;
}

void *watch_made(struct heap *heap, void *block, size_t size, size_t align)
{
    enter(heap);
    void *user = block && HEAP_CHECK ? guard(block, size, align) : block;
    if (HEAP_TRACE)
        record(heap, block ? MADE : REFUSED, user, align, size);
    leave(heap);
    if (!block)
        return watch_refused(heap);
    size_t usable = HEAP_CHECK ? size : heap_block_size(heap, block);
    enter(heap);
    heap->stats.requests++;
    count_block(heap, usable);
    leave(heap);
    return user;
}

void *watch_unmade(struct heap *heap, void *user)
{
    size_t usable =
        HEAP_CHECK ? (check_guards(heap, user), head_of(user)->size) : heap_block_size(heap, user);
    enter(heap);
    uncount_block(heap, usable);
    if (HEAP_TRACE)
        record(heap, FREED, user, 0, 0);
    void *block = HEAP_CHECK ? unguard(user) : user;
    leave(heap);
    return block;
}

void *watch_realloc(struct heap *heap, void *user, size_t size, watch_resizer *resize)
{
    size_t before = heap_block_size(heap, user);
    void *moved = resize(heap, user, size);
    if (!moved)
        return watch_refused(heap);
    size_t after = heap_block_size(heap, moved);
    enter(heap);
    uncount_block(heap, before);
    count_block(heap, after);
    heap->stats.requests++;
    if (HEAP_TRACE)
        record(heap, RESIZED, moved, (uintptr_t)user, size);
    leave(heap);
    return moved;
}

void watch_region(struct heap *heap, void *start, size_t size, bool taken)
{
    if (HEAP_TRACE)
        record(heap, taken ? REGION_TAKEN : REGION_GIVEN_BACK, start, size, 0);
}

size_t watch_usable_size(struct heap *heap, void *user, watch_measurer *usable_size)
{
    if (!HEAP_CHECK)
        return usable_size(heap, user);
    check_guards(heap, user);
    return head_of(user)->size;
}
