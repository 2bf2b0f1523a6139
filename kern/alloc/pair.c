/* Two heaps behind one malloc: bump for start-up, tlsf from then on (pair.h).
 *
 *     [ region: bump ]         [ pages ] [ pages ]: tlsf
 *      from        to
 *
 * The address alone says whose a block is. */
#include "kern/alloc/pair.h"

bool pair_init(struct heap_pair *pair, void *region, size_t size, const struct heap_source *source,
               void (*corrupted)(const char *what, void *block))
{
    *pair = (struct heap_pair){.from = region, .to = (char *)region + size};
    pair->startup.corrupted = pair->later.corrupted = corrupted;
    pair->later.source = source;
    return heap_init(&pair->startup, &heap_bump, region, size);
}

void pair_started(struct heap_pair *pair)
{
    pair->started = true;
}

static struct heap *owner(struct heap_pair *pair, void *block)
{
    bool inside = (char *)block >= pair->from && (char *)block < pair->to;
    return inside ? &pair->startup : &pair->later;
}

static void *malloc_later(struct heap_pair *pair, size_t size)
{
    if (!pair->later.ops && !heap_init(&pair->later, &heap_tlsf, NULL, 0))
        return NULL;
    return heap_malloc(&pair->later, size);
}

void *pair_malloc(struct heap_pair *pair, size_t size)
{
    void *block = pair->started ? NULL : heap_malloc(&pair->startup, size);
    return block ? block : malloc_later(pair, size);
}

void pair_free(struct heap_pair *pair, void *block)
{
    if (block)
        heap_free(owner(pair, block), block);
}

/* To a block of the one that malloc takes from now. */
static void *move(struct heap_pair *pair, void *block, size_t size)
{
    size_t had = heap_usable_size(owner(pair, block), block);
    if (size <= had)
        return block;
    void *moved = pair_malloc(pair, size);
    if (!moved)
        return NULL;
    __builtin_memcpy(moved, block, had);
    pair_free(pair, block);
    return moved;
}

void *pair_realloc(struct heap_pair *pair, void *block, size_t size)
{
    if (!block)
        return pair_malloc(pair, size);
    if (size == 0) {
        pair_free(pair, block);
        return NULL;
    }
    if (owner(pair, block) == &pair->later)
        return heap_realloc(&pair->later, block, size);
    return move(pair, block, size);
}
