/* The allocator of the C library, small and large blocks, in one thread and in several at once. */
#include "check.h"

#include <pthread.h>
#include <stdint.h>

enum { BLOCKS = 2000, ROUNDS = 20000, THREADS = 4, LARGE = 3 << 20 };

struct block {
    unsigned char *bytes;
    size_t size;
    unsigned char fill;
};

static uint32_t next(uint32_t *seed)
{
    return *seed = *seed * 1664525 + 1013904223;
}

static size_t random_size(uint32_t *seed)
{
    uint32_t kind = next(seed) >> 16 & 63;
    return kind == 0 ? 100000 + (next(seed) >> 8) % 200000 : (next(seed) >> 8) % (kind * 20 + 1);
}

static void verify(const struct block *block)
{
    for (size_t i = 0; i < block->size; i++)
        CHECK(block->bytes[i] == block->fill);
}

static void refill(struct block *block, uint32_t *seed)
{
    size_t size = random_size(seed);
    unsigned char *bytes = block->bytes;
    if (bytes && (next(seed) >> 20 & 1)) {
        bytes = realloc(bytes, size + 1);
        CHECK(bytes);
        for (size_t i = 0; i < block->size && i < size; i++)
            CHECK(bytes[i] == block->fill);
    } else {
        free(bytes);
        bytes = malloc(size + 1);
        CHECK(bytes && (uintptr_t)bytes % 16 == 0);
    }
    block->bytes = bytes;
    block->size = size;
    block->fill = next(seed) >> 24;
    memset(bytes, block->fill, size);
}

static void *churn(void *arg)
{
    uint32_t seed = (uintptr_t)arg;
    struct block *blocks = calloc(BLOCKS, sizeof(*blocks));
    CHECK(blocks);
    for (int i = 0; i < ROUNDS / THREADS; i++) {
        struct block *block = &blocks[(next(&seed) >> 8) % BLOCKS];
        verify(block);
        refill(block, &seed);
    }
    for (int i = 0; i < BLOCKS; i++) {
        verify(&blocks[i]);
        free(blocks[i].bytes);
    }
    free(blocks);
    return NULL;
}

static void check_large(void)
{
    for (int i = 0; i < 20; i++) {
        unsigned char *large = calloc(1, LARGE);
        CHECK(large);
        for (size_t at = 0; at < LARGE; at += 4096)
            CHECK(large[at] == 0);
        memset(large, i + 1, LARGE);
        free(large);
    }
    CHECK(malloc(SIZE_MAX / 4) == NULL && errno == ENOMEM);
}

int main(void)
{
    pthread_t threads[THREADS];
    churn((void *)1);
    check_large();
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, churn, (void *)(i + 2)) == 0);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    puts("memory ok");
    return 0;
}
