/* Slab: objects of a few sizes, in pages of equal ones, with a cache of free objects for each hart.
 *
 *     cache of hart 0     [ 16 | 32 | 48 | ... | 2016 ]      a stack of free objects for each class:
 *     cache of hart 1     [ 16 | 32 | 48 | ... | 2016 ]      malloc pops, free pushes, nobody waits
 *                               |
 *         empty: a batch comes | too many: half go back           here the lock is taken
 *                               v
 *     slabs with room     32 -> [ slab ] -> [ slab ]         a slab is one page:
 *                                                            | header | object | object | ... |
 *                               |
 *     runs of free pages  [ 5 ] -> [ 1 ] -> [ 130 ]          also for what is larger than a class
 *
 * The header of a slab is found by rounding an address down to its page. An object therefore never
 * begins at a page; a large block always does. A request is rounded up to the size of its class.
 *
 * A free object holds a link and, behind it, a key made from its address: so freeing it again shows.
 * A cache counts how much room it has left, down to 0: that is one comparison, and no limit to look up.
 *
 * A cache belongs to the hart whose number lock_ops->hart says; without that there is only one. The
 * lock guards everything but the caches.
 */
#include "kern/alloc/runs_impl.h"

#define OBJECT_MAX 2016UL /* what is larger is a run of pages */
#define MAGIC      0x51ab51ab51ab51abUL

enum {
    NCLASSES = 23,
    FIRST_OBJECT = 64,  /* in a slab, behind its header */
    CACHE_BYTES = 4096, /* a cache keeps about so much of each class */
    CACHE_MOST = 64,
    CACHE_LEAST = 4,
};

static const uint16_t class_size[NCLASSES] = {16,  32,  48,  64,  80,   96,   112, 128,
                                              160, 192, 224, 256, 288,  336,  400, 448,
                                              496, 576, 672, 800, 1008, 1344, 2016};

struct object { /* while it is free */
    struct object *next;
    uintptr_t key; /* key_of() it */
};

struct slab {
    uintptr_t magic;          /* MAGIC */
    uint32_t group;           /* index of class_size[] */
    uint32_t reciprocal;      /* 2^32 / size, rounded up: multiplying divides */
    struct slab *next, *prev; /* those of its class with room */
    struct object *free;
    uint16_t capacity; /* objects */
    uint16_t nused;    /* those given out, to caches or further */
    uint16_t nfresh;   /* those at the end that were never given out */
};

struct cache {
    struct object *free;
    size_t room; /* how many more it takes */
};

struct slabs {
    uint8_t class_for[OBJECT_MAX / 16 + 1]; /* class by size, in steps of 16 */
    struct slab *partial[NCLASSES];         /* slabs with room */
    struct runs runs;                       /* all pages */
    struct cache (*caches)[NCLASSES];       /* of each hart */
    struct cache *only_caches;              /* those of the only hart; NULL: there are several */
};

#define INLINE static inline __attribute__((always_inline)) /* on the way of malloc and free */

INLINE struct slabs *state_of(struct heap *heap)
{
    return heap->state;
}

static unsigned nharts_of(const struct heap *heap)
{
    return heap->nharts ? heap->nharts : 1;
}

static struct cache *caches_of_hart(struct heap *heap)
{
    struct slabs *state = state_of(heap);
    return state->only_caches ? state->only_caches
                              : state->caches[heap->lock_ops->hart(heap->lock_arg)];
}

INLINE struct slab *slab_of(void *object)
{
    return (struct slab *)((uintptr_t)object & ~(PAGE - 1));
}

INLINE uintptr_t key_of(const struct object *object)
{
    return MAGIC ^ (uintptr_t)object;
}

static size_t size_of(const struct slab *slab)
{
    return class_size[slab->group];
}

static size_t cache_limit(unsigned group)
{
    size_t n = CACHE_BYTES / class_size[group];
    return n > CACHE_MOST ? CACHE_MOST : n < CACHE_LEAST ? CACHE_LEAST : n;
}

/* --- slabs; lock held --- */

static void link_slab(struct slabs *state, struct slab *slab)
{
    slab->prev = NULL;
    slab->next = state->partial[slab->group];
    if (slab->next)
        slab->next->prev = slab;
    state->partial[slab->group] = slab;
}

static void unlink_slab(struct slabs *state, struct slab *slab)
{
    if (slab->next)
        slab->next->prev = slab->prev;
    if (slab->prev)
        slab->prev->next = slab->next;
    else
        state->partial[slab->group] = slab->next;
}

static struct slab *make_slab(struct slabs *state, unsigned group)
{
    struct slab *slab = run_take(&state->runs, 1, PAGE, SLAB);
    if (!slab)
        return NULL;
    uint16_t capacity = (uint16_t)((PAGE - FIRST_OBJECT) / class_size[group]);
    *slab = (struct slab){.magic = MAGIC,
                          .group = group,
                          .reciprocal = UINT32_MAX / class_size[group] + 1,
                          .capacity = capacity,
                          .nfresh = capacity};
    link_slab(state, slab);
    return slab;
}

/* `n` objects have come back onto a slab's list. */
static void settle_slab(struct heap *heap, struct slab *slab, size_t n)
{
    struct slabs *state = state_of(heap);
    bool was_full = slab->nused == slab->capacity;
    slab->nused = (uint16_t)(slab->nused - n);
    if (was_full)
        link_slab(state, slab);
    if (slab->nused > 0)
        return;
    unlink_slab(state, slab);
    slab->magic = 0; /* a block that is freed too late must not find it */
    run_give(heap, &state->runs, slab);
}

/* --- caches --- */

INLINE void push(struct cache *cache, struct object *object)
{
    object->next = cache->free;
    object->key = key_of(object);
    cache->free = object;
    cache->room--;
}

INLINE struct object *pop(struct cache *cache)
{
    struct object *object = cache->free;
    cache->free = object->next;
    cache->room++;
    return object;
}

/* Gives back objects until there is so much room. Those of one slab often follow each other. Lock held. */
static void shrink_cache(struct heap *heap, struct cache *cache, size_t room)
{
    struct object *object = cache->free;
    while (cache->room < room) {
        struct slab *slab = slab_of(object);
        size_t n = 0;
        for (; slab_of(object) == slab && cache->room + n < room; n++) {
            struct object *next = object->next;
            object->next = slab->free;
            slab->free = object;
            object = next;
        }
        cache->room += n;
        settle_slab(heap, slab, n);
    }
    cache->free = object;
}

static void shrink_caches(struct heap *heap)
{
    struct cache *caches = caches_of_hart(heap);
    for (unsigned group = 0; group < NCLASSES; group++)
        shrink_cache(heap, &caches[group], cache_limit(group));
}

/* The objects of a slab that were never given out: puts `n` of them before a list. */
static struct object *chain_fresh(struct slab *slab, size_t n, struct object *list)
{
    size_t size = size_of(slab);
    char *fresh = (char *)slab + FIRST_OBJECT + (slab->capacity - slab->nfresh) * size;
    slab->nfresh = (uint16_t)(slab->nfresh - n);
    for (char *end = fresh + n * size; fresh != end; fresh += size) {
        struct object *object = (struct object *)fresh;
        *object = (struct object){list, key_of(object)};
        list = object;
    }
    return list;
}

/* Moves up to `n` objects from a slab that has room to a cache: those that were freed, or
 * if there are none, fresh ones. Returns how many. */
static size_t move_objects(struct slabs *state, struct slab *slab, struct cache *cache, size_t n)
{
    size_t moved = 0;
    if (!slab->free) {
        moved = n < slab->nfresh ? n : slab->nfresh;
        cache->free = chain_fresh(slab, moved, cache->free);
    }
    for (struct object *object; moved < n && (object = slab->free); moved++) {
        slab->free = object->next;
        object->next = cache->free;
        cache->free = object;
    }
    cache->room -= moved;
    slab->nused = (uint16_t)(slab->nused + moved);
    if (slab->nused == slab->capacity)
        unlink_slab(state, slab);
    return moved;
}

/* Half of what a cache keeps, so that neither the next malloc nor the next free comes here again. */
static void fill_cache(struct slabs *state, struct cache *cache, unsigned group)
{
    for (size_t n = cache_limit(group) / 2; n > 0;) {
        struct slab *slab = state->partial[group];
        if (!slab && !(slab = make_slab(state, group)))
            return;
        n -= move_objects(state, slab, cache, n);
    }
}

static __attribute__((noinline)) void *malloc_uncached(struct heap *heap, struct cache *cache,
                                                       unsigned group)
{
    struct slabs *state = state_of(heap);
    heap_lock(heap);
    fill_cache(state, cache, group);
    if (!cache->free) { /* pages may be lying in the caches */
        shrink_caches(heap);
        fill_cache(state, cache, group);
    }
    heap_unlock(heap);
    if (!cache->free)
        return NULL;
    struct object *object = pop(cache);
    object->key = 0;
    return object;
}

/* The cache is full: half of it goes back, and the object comes in. */
static __attribute__((noinline)) void free_uncached(struct heap *heap, struct cache *cache,
                                                    struct object *object)
{
    heap_lock(heap);
    shrink_cache(heap, cache, cache_limit(slab_of(object)->group) / 2);
    heap_unlock(heap);
    push(cache, object);
}

/* --- large blocks --- */

static void *malloc_pages(struct heap *heap, size_t size, size_t align)
{
    size_t npages = (size + PAGE - 1) / PAGE;
    heap_lock(heap);
    void *block = run_take(&state_of(heap)->runs, npages, align, LARGE);
    if (!block) {
        shrink_caches(heap);
        block = run_take(&state_of(heap)->runs, npages, align, LARGE);
    }
    heap_unlock(heap);
    return block;
}

/* How many pages a large block has; what is no such block ends the program. Lock held. */
static size_t npages_of_large(struct heap *heap, void *block)
{
    size_t npages = run_npages(&state_of(heap)->runs, block, LARGE);
    if (npages == 0)
        heap_corrupted(heap, "freed twice, or not the address of a block", block);
    return npages;
}

static __attribute__((noinline)) void free_pages(struct heap *heap, void *block)
{
    heap_lock(heap);
    npages_of_large(heap, block);
    run_give(heap, &state_of(heap)->runs, block);
    heap_unlock(heap);
}

static size_t size_of_pages(struct heap *heap, void *block)
{
    heap_lock(heap);
    size_t npages = npages_of_large(heap, block);
    heap_unlock(heap);
    return npages * PAGE;
}

/* --- the operations --- */

static void slab_init(struct heap *heap)
{
    struct slabs *state = state_of(heap);
    __builtin_memset(state, 0, sizeof(*state));
    runs_init(&state->runs);
    for (unsigned step = 0, group = 0; step <= OBJECT_MAX / 16; step++) {
        if (step * 16 > class_size[group])
            group++;
        state->class_for[step] = (uint8_t)group;
    }
}

static size_t caches_size(const struct heap *heap)
{
    return nharts_of(heap) * sizeof(struct cache[NCLASSES]);
}

static size_t slab_region_for(const struct heap *heap, size_t size, size_t align)
{
    return caches_size(heap) + runs_region_for((size + PAGE - 1) / PAGE, align);
}

/* The first region has the caches behind its header. */
static bool slab_add_region(struct heap *heap, void *memory, size_t size)
{
    struct slabs *state = state_of(heap);
    size_t reserved = state->caches ? 0 : caches_size(heap);
    void *caches = runs_add(&state->runs, memory, size, reserved);
    if (caches && reserved) {
        state->caches = caches;
        state->only_caches = heap->nharts > 1 ? NULL : caches;
        for (unsigned i = 0; i < nharts_of(heap) * NCLASSES; i++)
            state->caches[0][i] = (struct cache){NULL, cache_limit(i % NCLASSES)};
    }
    return caches != NULL;
}

INLINE void *malloc_from(struct heap *heap, struct cache *caches, size_t size)
{
    unsigned group = state_of(heap)->class_for[(size + 15) / 16];
    struct cache *cache = &caches[group];
    if (!cache->free)
        return malloc_uncached(heap, cache, group);
    struct object *object = pop(cache);
    object->key = 0;
    return object;
}

static __attribute__((noinline)) void *malloc_on_this_hart(struct heap *heap, size_t size)
{
    return malloc_from(heap, caches_of_hart(heap), size);
}

static void *slab_malloc(struct heap *heap, size_t size)
{
    struct cache *caches = state_of(heap)->only_caches;
    if (size > OBJECT_MAX)
        return malloc_pages(heap, size, PAGE);
    return caches ? malloc_from(heap, caches, size) : malloc_on_this_hart(heap, size);
}

INLINE bool is_object(const struct slab *slab, const struct object *object)
{
    uint64_t offset = (uintptr_t)object % PAGE - FIRST_OBJECT;
    return slab->magic == MAGIC && (uint32_t)(offset * slab->reciprocal) < slab->reciprocal;
}

INLINE bool is_used(const struct slab *slab, const struct object *object)
{
    return is_object(slab, object) && object->key != key_of(object);
}

/* Whoever ends by calling this needs no stack frame, which a call of heap_corrupted would. */
static __attribute__((noinline)) void report_misuse(struct heap *heap, void *object)
{
    bool was_used = is_object(slab_of(object), object);
    heap_corrupted(heap, was_used ? "block freed twice" : "not the address of a block", object);
}

INLINE void free_to(struct heap *heap, struct cache *caches, struct object *object)
{
    struct slab *slab = slab_of(object);
    if (!is_used(slab, object)) {
        report_misuse(heap, object);
        return;
    }
    struct cache *cache = &caches[slab->group];
    if (cache->room > 0)
        push(cache, object);
    else
        free_uncached(heap, cache, object);
}

static __attribute__((noinline)) void free_on_this_hart(struct heap *heap, void *block)
{
    free_to(heap, caches_of_hart(heap), block);
}

static void slab_free(struct heap *heap, void *block)
{
    struct cache *caches = state_of(heap)->only_caches;
    if ((uintptr_t)block % PAGE == 0)
        free_pages(heap, block);
    else if (caches)
        free_to(heap, caches, block);
    else
        free_on_this_hart(heap, block);
}

/* A class whose objects all lie right, else whole pages. */
static void *slab_memalign(struct heap *heap, size_t align, size_t size)
{
    if (align <= FIRST_OBJECT && size <= OBJECT_MAX)
        for (unsigned group = state_of(heap)->class_for[(size + 15) / 16]; group < NCLASSES;
             group++)
            if (class_size[group] % align == 0)
                return slab_malloc(heap, class_size[group]);
    return malloc_pages(heap, size, align > PAGE ? align : PAGE);
}

static void slab_trim(struct heap *heap)
{
    heap_lock(heap);
    shrink_caches(heap);
    heap_unlock(heap);
}

/* --- facts --- */

static size_t slab_usable_size(struct heap *heap, void *block)
{
    if ((uintptr_t)block % PAGE == 0)
        return size_of_pages(heap, block);
    if (!is_used(slab_of(block), block))
        report_misuse(heap, block);
    return size_of(slab_of(block));
}

/* Without what lies in caches of other harts. */
static size_t slab_available(struct heap *heap)
{
    struct slabs *state = state_of(heap);
    shrink_caches(heap);
    size_t sum = runs_available(&state->runs) * PAGE;
    for (unsigned group = 0; group < NCLASSES; group++)
        for (struct slab *slab = state->partial[group]; slab; slab = slab->next)
            sum += (slab->capacity - slab->nused) * size_of(slab);
    return sum;
}

static size_t slab_largest_free(struct heap *heap)
{
    struct slabs *state = state_of(heap);
    shrink_caches(heap);
    size_t largest = runs_largest(&state->runs) * PAGE;
    for (unsigned group = NCLASSES; group-- > 0 && largest == 0;)
        if (state->partial[group])
            largest = class_size[group];
    return largest;
}

static const char *check_slab(struct slab *slab, unsigned group)
{
    unsigned nfree = slab->nfresh, capacity = slab->capacity;
    if (slab->magic != MAGIC || slab->group != group)
        return "the header of a slab is damaged";
    for (struct object *object = slab->free; object; object = object->next)
        if (slab_of(object) != slab || nfree++ > capacity)
            return "the list of a slab is damaged";
    return nfree + slab->nused == capacity ? NULL : "a slab has lost an object";
}

static const char *slab_check(struct heap *heap)
{
    struct slabs *state = state_of(heap);
    const char *complaint = runs_check(&state->runs);
    for (unsigned group = 0; group < NCLASSES && !complaint; group++)
        for (struct slab *slab = state->partial[group]; slab && !complaint; slab = slab->next)
            complaint = check_slab(slab, group);
    return complaint;
}

const struct heap_ops heap_slab = {
    .name = "slab",
    .state_size = sizeof(struct slabs),
    .grow_by = 16 * PAGE,
    .grow_part = 8,
    .init = slab_init,
    .add_region = slab_add_region,
    .region_for = slab_region_for,
    .malloc = slab_malloc,
    .free = slab_free,
    .memalign = slab_memalign,
    .trim = slab_trim,
    .per_hart = true,
    .usable_size = slab_usable_size,
    .available = slab_available,
    .largest_free = slab_largest_free,
    .check = slab_check,
};
