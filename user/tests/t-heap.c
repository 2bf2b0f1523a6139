/* t-heap - malloc and its relatives, and heaps of a program's own: in both shapes, over every heap. */
#include "check.h"
#include "kern/alloc/heap.h"

#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int is_aligned(const void *p, size_t align)
{
    return (uintptr_t)p % align == 0;
}

static void test_corners(void)
{
    volatile size_t huge = SIZE_MAX; /* unknown to the compiler */
    void *a = malloc(0), *b = malloc(0);
    CHECK(a != NULL && b != NULL && a != b);
    free(a);
    free(b);
    free(NULL);
    errno = 0;
    CHECK(malloc(huge) == NULL && errno == ENOMEM);
    errno = 0;
    CHECK(malloc(huge / 2) == NULL && errno == ENOMEM);
    errno = 0;
    CHECK(calloc(huge / 2, 3) == NULL && errno == ENOMEM);
    errno = 0;
    CHECK(reallocarray(NULL, huge / 2, 3) == NULL && errno == ENOMEM);
    EQUAL(malloc_usable_size(NULL), 0);
}

static void test_alignment(void)
{
    for (size_t align = 8; align <= 1 << 20; align *= 2) {
        void *a = NULL, *b = aligned_alloc(align, align), *c = memalign(align, 10);
        EQUAL(posix_memalign(&a, align, 100), 0);
        CHECK(a != NULL && b != NULL && c != NULL);
        CHECK(is_aligned(a, align) && is_aligned(b, align) && is_aligned(c, align));
        CHECK(malloc_usable_size(a) >= 100 && malloc_usable_size(b) >= align);
        memset(a, 1, 100);
        memset(c, 2, 10);
        free(b);
        free(c);
        free(a);
    }
    void *p = &p;
    EQUAL(posix_memalign(&p, 24, 100), EINVAL);
    EQUAL(posix_memalign(&p, 4, 100), EINVAL);
    CHECK(p == &p);
}

static void test_contents(void)
{
    unsigned char *p = malloc(1);
    p[0] = 0;
    for (size_t size = 2; size < 300000; size = size * 3 / 2 + 1) {
        p = realloc(p, size);
        CHECK(p != NULL && is_aligned(p, 16));
        for (size_t i = 0; i < size * 2 / 3; i += 97)
            if (p[i] != (unsigned char)i && i < size / 2)
                check_fail("byte %lu of %lu changed", i, size);
        for (size_t i = 0; i < size; i++)
            p[i] = (unsigned char)i;
    }
    p = realloc(p, 10);
    CHECK(p != NULL && p[9] == 9);
    free(p);
    for (size_t n = 1; n < 100000; n *= 3) {
        unsigned char *zeros = calloc(n, 1);
        CHECK(zeros != NULL && zeros[0] == 0 && zeros[n / 2] == 0 && zeros[n - 1] == 0);
        memset(zeros, 255, n);
        free(zeros);
    }
}

enum { LIVE = 200, ROUNDS = 4000, THREADS = 4 };

struct worker {
    unsigned long seed;
    int bad;
};

/* Blocks filled with a byte of their own; whoever else writes there shows. */
static void *work(void *arg)
{
    struct worker *worker = arg;
    unsigned char *block[LIVE] = {NULL};
    size_t size[LIVE];
    for (int round = 0; round < ROUNDS; round++) {
        worker->seed = worker->seed * 6364136223846793005u + 1442695040888963407u;
        int i = (int)(worker->seed >> 33) % LIVE;
        unsigned char mark = (unsigned char)(i + (worker->seed & 1));
        if (block[i] != NULL) {
            if (block[i][0] != block[i][size[i] - 1])
                worker->bad++;
            free(block[i]);
        }
        size[i] = 1 + (worker->seed >> 40) % 700;
        block[i] = malloc(size[i]);
        if (block[i] != NULL)
            memset(block[i], mark, size[i]);
    }
    for (int i = 0; i < LIVE; i++)
        free(block[i]);
    return NULL;
}

static void test_threads(void)
{
    pthread_t threads[THREADS];
    struct worker workers[THREADS];
    for (int i = 0; i < THREADS; i++) {
        workers[i] = (struct worker){.seed = (unsigned long)i};
        EQUAL(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        EQUAL(pthread_join(threads[i], NULL), 0);
        EQUAL(workers[i].bad, 0);
    }
}

/* Heaps of all kinds side by side, each on memory of its own. */
static void test_several_heaps(void)
{
    enum { KINDS = 5, SIZE = 64 * 1024 };
    static char memory[KINDS][SIZE];
    const struct heap_ops *kinds[KINDS] = {&heap_bump, &heap_firstfit, &heap_buddy, &heap_tlsf,
                                           &heap_slab};
    struct heap heaps[KINDS];
    void *blocks[KINDS];
    memset(heaps, 0, sizeof(heaps));
    for (int i = 0; i < KINDS; i++)
        CHECK(heap_init(&heaps[i], kinds[i], memory[i], SIZE));
    for (int round = 0; round < 100; round++)
        for (int i = 0; i < KINDS; i++) {
            blocks[i] = heap_malloc(&heaps[i], 100);
            CHECK((char *)blocks[i] >= memory[i] && (char *)blocks[i] < memory[i] + SIZE);
            memset(blocks[i], i, 100);
            if (round % 2)
                heap_free(&heaps[i], blocks[i]);
        }
    for (int i = 0; i < KINDS; i++) {
        CHECK(heap_malloc(&heaps[i], 2 * SIZE) == NULL);
        CHECK(heap_check(&heaps[i]) == NULL);
    }
}

int main(void)
{
    test_corners();
    test_alignment();
    test_contents();
    test_threads();
    test_several_heaps();
    return check_end("t-heap");
}
