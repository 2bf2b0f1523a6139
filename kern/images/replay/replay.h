/* What a script wants done to a heap, done and noted down.
 *
 * The script comes from outside, as the machine's initrd: a header, then steps of 32 bytes. What came of
 * a step stands in replay_log, at the same place, to be read from outside. Nothing here says whether it
 * is right. Without an initrd the bootargs are the script, and answers are printed:
 *
 *     malloc 0 100 malloc 1 20 free 0 show
 */
#pragma once
#include "kern/alloc/heap.h"

/* What the steps are done to. */
struct subject {
    bool (*init)(void);
    void *(*malloc)(size_t size);
    void *(*memalign)(size_t align, size_t size);
    void *(*realloc)(void *block, size_t size);
    void (*free)(void *block);
    void (*event)(void); /* what a step of this kind means; may be NULL */
    size_t (*available)(void);
    size_t (*largest)(void);
    const char *(*check)(void);
};

enum step_kind {
    STEP_MALLOC,    /* -> address; filled with the pattern */
    STEP_FREE,      /* -> digest of all of it, before */
    STEP_REALLOC,   /* -> address; what is in it stays. To 0 bytes: the slot is empty afterwards */
    STEP_MEMALIGN,  /* -> address; filled */
    STEP_FILL,      /* with the pattern */
    STEP_DIGEST,    /* -> of the first `size` bytes */
    STEP_AVAILABLE, /* -> bytes */
    STEP_LARGEST,   /* -> bytes */
    STEP_CHECK,     /* -> 0: every invariant holds */
    STEP_EVENT,
    STEP_AGAIN, /* frees what the slot freed last: a mistake */
};

struct step {
    uint32_t kind, slot;
    uint64_t size, align, pattern;
};

struct script {
    uint64_t nsteps;
    uint64_t limit; /* pages that the heap may take */
    uint64_t gap;   /* pages to leave out between two of its regions */
    uint64_t unused;
    struct step steps[];
};

/* Never returns. `image` begins each line that is printed. */
void replay(const char *image, const struct subject *subject) __attribute__((noreturn));

/* --- where the heap's memory comes from (arena.c) --- */

extern const struct heap_source arena_source;
extern uint64_t arena_taken; /* bytes, now */

void arena_init(size_t limit, size_t gap);
void arena_corrupted(const char *what, void *block) __attribute__((noreturn));

/* function(a, b), from step_begins to step_ends (timed.S). */
void *timed_call(void *function, uintptr_t a, uintptr_t b);
