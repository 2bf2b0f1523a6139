/* workload - uses malloc as certain kinds of programs do, for traces: workload kv|cache|larson.
 *
 *     kv       a table of keys and values of mixed sizes: inserts, updates, deletes
 *     cache    objects of a web cache, most small and some very large, the oldest thrown out
 *     larson   threads that free what others allocated
 */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    KEYS = 2048,
    KV_STEPS = 24000,
    CACHE_SLOTS = 600,
    CACHE_STEPS = 12000,
    THREADS = 4,
    HANDED = 1024,
    LARSON_STEPS = 5000
};

static unsigned long next_random(unsigned long *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

struct entry {
    char *key, *value;
};

static void kv(void)
{
    static struct entry table[KEYS];
    unsigned long state = 88172645463325252u;
    for (int step = 0; step < KV_STEPS; step++) {
        struct entry *entry = &table[next_random(&state) % KEYS];
        unsigned long what = next_random(&state) % 10;
        if (entry->key == NULL) {
            entry->key = malloc(8 + next_random(&state) % 24);
            entry->value = malloc(16 + next_random(&state) % 240);
        } else if (what < 3) {
            free(entry->key);
            free(entry->value);
            entry->key = entry->value = NULL;
        } else {
            entry->value = realloc(entry->value, 16 + next_random(&state) % 500);
        }
    }
}

static void cache(void)
{
    static void *objects[CACHE_SLOTS];
    unsigned long state = 2463534242u;
    for (int step = 0; step < CACHE_STEPS; step++) {
        int oldest = step % CACHE_SLOTS;
        unsigned long spread =
            6 + next_random(&state) % 11; /* 64 bytes to 64 KiB, most of them small */
        if (spread > 12 && next_random(&state) % 4)
            spread -= 5;
        free(objects[oldest]);
        objects[oldest] = malloc((1UL << spread) + next_random(&state) % (1UL << spread));
        char *header = malloc(200 + next_random(&state) % 300);
        free(header);
    }
}

static void *handed[HANDED];

static void *exchange(void *seed)
{
    unsigned long state = (unsigned long)seed;
    for (int step = 0; step < LARSON_STEPS; step++) {
        void *block = malloc(10 + next_random(&state) % 500);
        void **place = &handed[next_random(&state) % HANDED];
        free(__atomic_exchange_n(place, block, __ATOMIC_ACQ_REL));
    }
    return NULL;
}

static void larson(void)
{
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, exchange, (void *)(i + 7));
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

int main(int argc, char **argv)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } kinds[] = {{"kv", kv}, {"cache", cache}, {"larson", larson}};
    for (int i = 0; argc > 1 && i < 3; i++)
        if (strcmp(argv[1], kinds[i].name) == 0) {
            kinds[i].run();
            return 0;
        }
    puts("usage: workload kv|cache|larson");
    return 2;
}
