/*
 * malloc.c - the heap of a program in a process of its own.
 *
 * Memory from brk is cut into chunks that lie side by side. A chunk knows its own size, and whether
 * the one before it is in use; a free chunk repeats its size at its end, so that a neighbour being
 * freed finds its start and merges with it: no two free chunks are ever adjacent.
 *
 *      in use:   | prev_size* | size + flags | payload ...............  |
 *      free:     | prev_size* | size + flags | next | prev | ..... size |  <- prev_size of the next
 *
 *      * belongs to the chunk before: its copy of the size if it is free, or its last 8 bytes.
 *
 * Free chunks are in lists by size: one list for each multiple of 16 up to 512, and one for each
 * power of two beyond, searched for the first that fits. A segment of chunks ends with a chunk of
 * size 0 that is always in use. Requests of LARGE bytes and more are mappings of their own.
 */
#include "libc.h"

#include <errno.h>
#include <malloc.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

struct chunk {
    size_t prev_size;
    size_t head; /* size and flags */
    struct chunk *next, *prev;
};

enum {
    IN_USE = 1,
    PREV_IN_USE = 2,
    MAPPED = 4, /* a mapping of its own; prev_size is the distance to its start */
    FLAGS = 15,

    ALIGN = 16,
    HEADER = 16,                      /* from chunk to payload */
    OVERHEAD = 8,                     /* payload may use the next chunk's prev_size */
    MIN_CHUNK = sizeof(struct chunk), /* 32 */
    EXACT_LISTS = 32,
    NLISTS = EXACT_LISTS + 40,
    EXTEND = 64 * 1024,
    PAGE_BYTES = 4096,
    LARGE = 256 * 1024,
};

static const size_t MAX_REQUEST = PTRDIFF_MAX - 2 * EXTEND;

static int lock; /* guards all chunks and lists */
static struct chunk lists[NLISTS];
static char *segment_end; /* one past the closing chunk of the segment that grew last */

static size_t size_of(const struct chunk *c)
{
    return c->head & ~(size_t)FLAGS;
}

static struct chunk *after(const struct chunk *c)
{
    return (struct chunk *)((char *)c + size_of(c));
}

static struct chunk *chunk_of(void *payload)
{
    return (struct chunk *)((char *)payload - HEADER);
}

static void *payload_of(struct chunk *c)
{
    return (char *)c + HEADER;
}

static size_t chunk_size(size_t request)
{
    size_t size = (request + OVERHEAD + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    return size < MIN_CHUNK ? MIN_CHUNK : size;
}

static int list_index(size_t size)
{
    if (size / ALIGN < EXACT_LISTS)
        return (int)(size / ALIGN);
    int index = EXACT_LISTS;
    for (size_t limit = 2 * ALIGN * EXACT_LISTS; size >= limit; limit *= 2)
        index++;
    return index;
}

static void list_insert(struct chunk *c)
{
    struct chunk *list = &lists[list_index(size_of(c))];
    if (list->next == NULL)
        list->next = list->prev = list; /* first use: an empty ring */
    c->next = list->next;
    c->prev = list;
    c->next->prev = list->next = c;
}

static void list_remove(struct chunk *c)
{
    c->prev->next = c->next;
    c->next->prev = c->prev;
}

/* Makes [c, c + size) a free chunk, merged with free neighbours. c->head has PREV_IN_USE right. */
static void release(struct chunk *c, size_t size)
{
    struct chunk *next = (struct chunk *)((char *)c + size);
    if ((next->head & IN_USE) == 0) {
        list_remove(next);
        size += size_of(next);
    }
    if ((c->head & PREV_IN_USE) == 0) {
        c = (struct chunk *)((char *)c - c->prev_size);
        list_remove(c);
        size += size_of(c);
    }
    c->head = size | PREV_IN_USE; /* the one before is in use, or it would have been merged */
    next = after(c);
    next->prev_size = size;
    next->head &= ~(size_t)PREV_IN_USE;
    list_insert(c);
}

/* Cuts a chunk in use down to size, freeing the rest if it can be a chunk. */
static void shrink(struct chunk *c, size_t size)
{
    size_t rest = size_of(c) - size;
    if (rest < MIN_CHUNK)
        return;
    c->head -= rest;
    struct chunk *tail = after(c);
    tail->head = PREV_IN_USE;
    release(tail, rest);
}

static void take(struct chunk *c, size_t size)
{
    list_remove(c);
    c->head |= IN_USE;
    after(c)->head |= PREV_IN_USE;
    shrink(c, size);
}

static struct chunk *find(size_t size)
{
    for (int i = list_index(size); i < NLISTS; i++)
        for (struct chunk *c = lists[i].next; c != NULL && c != &lists[i]; c = c->next)
            if (size_of(c) >= size)
                return c;
    return NULL;
}

/* Adds [mem, mem + n) to the heap as a free chunk; right behind the last segment, it joins it. */
static void add_segment(char *mem, size_t n)
{
    struct chunk *c = (struct chunk *)mem;
    if (mem == segment_end) {
        c = (struct chunk *)(mem - HEADER); /* the closing chunk becomes the new one's header */
        c->head &= PREV_IN_USE;
        n += HEADER;
    } else {
        c->head = PREV_IN_USE;
    }
    struct chunk *closing = (struct chunk *)((char *)c + n - HEADER);
    closing->head = IN_USE;
    segment_end = (char *)closing + HEADER;
    release(c, n - HEADER);
}

static int grow(size_t size)
{
    size_t n = (size + HEADER + EXTEND - 1) & ~(size_t)(EXTEND - 1);
    char *mem = sbrk(0);
    if (mem != segment_end && (uintptr_t)mem % ALIGN != 0)
        sbrk(ALIGN - (uintptr_t)mem % ALIGN);
    mem = sbrk(n);
    if (mem == (void *)-1) /* something may lie in the way of brk */
        mem = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mem == MAP_FAILED)
        return -1;
    add_segment(mem, n);
    return 0;
}

/* A chunk in use of at least size bytes, from the segments. */
static struct chunk *allocate(size_t size)
{
    struct chunk *c = find(size);
    if (c == NULL && grow(size) == 0)
        c = find(size);
    if (c != NULL)
        take(c, size);
    return c;
}

static void *map_large(size_t request)
{
    size_t n = (request + HEADER + PAGE_BYTES - 1) & ~(size_t)(PAGE_BYTES - 1);
    struct chunk *c = mmap(NULL, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (c == MAP_FAILED)
        return NULL;
    c->prev_size = 0;
    c->head = n | IN_USE | MAPPED;
    return payload_of(c);
}

void *malloc(size_t request)
{
    void *p = NULL;
    if (request < LARGE) {
        libc_lock(&lock);
        struct chunk *c = allocate(chunk_size(request));
        p = c != NULL ? payload_of(c) : NULL;
        libc_unlock(&lock);
    } else if (request <= MAX_REQUEST) {
        p = map_large(request);
    }
    if (p == NULL)
        errno = ENOMEM;
    return p;
}

void free(void *p)
{
    if (p == NULL)
        return;
    struct chunk *c = chunk_of(p);
    if (c->head & MAPPED) {
        int saved = errno; /* free promises not to touch it */
        munmap(c, size_of(c));
        errno = saved;
        return;
    }
    libc_lock(&lock);
    release(c, size_of(c));
    libc_unlock(&lock);
}

size_t malloc_usable_size(void *p)
{
    if (p == NULL)
        return 0;
    struct chunk *c = chunk_of(p);
    return size_of(c) - (c->head & MAPPED ? HEADER : OVERHEAD);
}

void *calloc(size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    void *p = malloc(bytes);
    if (p != NULL && (chunk_of(p)->head & MAPPED) == 0) /* a fresh mapping is zero */
        memset(p, 0, bytes);
    return p;
}

/* Tries to give the chunk the wanted size where it is. */
static int resize(struct chunk *c, size_t size)
{
    if (c->head & MAPPED)
        return size_of(c) >= size + HEADER && size >= LARGE / 2;
    struct chunk *next = after(c);
    if (size_of(c) < size && (next->head & IN_USE) == 0 && size_of(c) + size_of(next) >= size) {
        list_remove(next);
        c->head += size_of(next);
        after(c)->head |= PREV_IN_USE;
    }
    if (size_of(c) < size)
        return 0;
    shrink(c, size);
    return 1;
}

void *realloc(void *p, size_t request)
{
    if (p == NULL)
        return malloc(request);
    if (request > MAX_REQUEST) {
        errno = ENOMEM;
        return NULL;
    }
    libc_lock(&lock);
    int done = resize(chunk_of(p), chunk_size(request));
    libc_unlock(&lock);
    if (done)
        return p;
    void *q = malloc(request);
    if (q == NULL)
        return NULL;
    size_t have = malloc_usable_size(p);
    memcpy(q, p, have < request ? have : request);
    free(p);
    return q;
}

void *reallocarray(void *p, size_t n, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(n, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    return realloc(p, bytes);
}

/* Cuts what lies in front of the first aligned payload off as a chunk of its own. */
static struct chunk *align_chunk(struct chunk *c, size_t align)
{
    uintptr_t payload = (uintptr_t)payload_of(c);
    if (payload % align == 0)
        return c;
    uintptr_t target = (payload + MIN_CHUNK + align - 1) & ~(align - 1);
    struct chunk *aligned = chunk_of((void *)target);
    size_t lead = (char *)aligned - (char *)c;
    aligned->head = (size_of(c) - lead) | IN_USE;
    release(c, lead); /* clears PREV_IN_USE of the aligned one */
    return aligned;
}

void *memalign(size_t align, size_t request)
{
    if (align <= ALIGN)
        return malloc(request);
    struct chunk *c = NULL;
    if (align <= MAX_REQUEST / 2 && request <= MAX_REQUEST / 2) {
        size_t size = chunk_size(request);
        libc_lock(&lock);
        c = allocate(size + align + MIN_CHUNK);
        if (c != NULL) {
            c = align_chunk(c, align);
            shrink(c, size);
        }
        libc_unlock(&lock);
    }
    if (c == NULL) {
        errno = ENOMEM;
        return NULL;
    }
    return payload_of(c);
}

void *aligned_alloc(size_t align, size_t request)
{
    if (align == 0 || (align & (align - 1)) != 0) {
        errno = EINVAL;
        return NULL;
    }
    return memalign(align, request);
}

int posix_memalign(void **out, size_t align, size_t request)
{
    if (align % sizeof(void *) != 0 || align == 0 || (align & (align - 1)) != 0)
        return EINVAL;
    int saved = errno;
    void *p = memalign(align, request);
    errno = saved;
    if (p == NULL)
        return ENOMEM;
    *out = p;
    return 0;
}
