/* replay - does to malloc what a trace says, and counts guest instructions: replay FILE.
 *
 * The file is what tools/heaps makes: a header, then 8 bytes for each operation, which name the slot that
 * holds the block. What is counted is one call, from before its arguments to behind its result, less
 * what an empty call takes. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/sysinfo.h>
#include <unistd.h>

enum { MALLOC = 0, FREE = 1, REALLOC = 2, FILE_MAX = 12 << 20, SLOTS_MAX = 1 << 17, SAMPLE = 256 };

struct header {
    uint32_t nslots, nops, peak, unused;
};

struct op {
    uint32_t slot_and_kind, size;
};

static char file[FILE_MAX];
static void *slots[SLOTS_MAX];
static unsigned long total[3], count[3], worst[3], failures;
static long least_free;

static inline unsigned long instructions(void)
{
    unsigned long n;
    __asm__ volatile("rdinstret %0" : "=r"(n)::"memory");
    return n;
}

static void nothing(void *p)
{
    __asm__ volatile("" ::"r"(p) : "memory");
}

static unsigned long perform(const struct op *op, void *(*volatile allocate)(size_t),
                             void *(*volatile resize)(void *, size_t),
                             void (*volatile give)(void *))
{
    void **slot = &slots[op->slot_and_kind >> 2], *old = *slot;
    unsigned kind = op->slot_and_kind & 3;
    unsigned long before = instructions();
    if (kind == MALLOC)
        *slot = allocate(op->size);
    else if (kind == FREE)
        give(old);
    else
        *slot = resize(old, op->size);
    unsigned long taken = instructions() - before;
    if (kind == FREE) {
        *slot = NULL;
    } else if (*slot == NULL) {
        failures++;
        *slot = kind == REALLOC ? old : NULL;
    }
    return taken;
}

static void sample(void)
{
    struct sysinfo info;
    if (sysinfo(&info) == 0 && (least_free == 0 || (long)info.freeram < least_free))
        least_free = (long)info.freeram;
}

static int read_all(const char *name)
{
    int fd = open(name, O_RDONLY);
    size_t n = 0;
    for (ssize_t got; fd >= 0 && (got = read(fd, file + n, FILE_MAX - n)) > 0;)
        n += (size_t)got;
    return n > sizeof(struct header) ? 0 : -1;
}

int main(int argc, char **argv)
{
    if (argc != 2 || read_all(argv[1]) != 0) {
        puts("usage: replay FILE");
        return 2;
    }
    struct header *header = (struct header *)file;
    struct op *ops = (struct op *)(header + 1), empty = {FREE, 0};
    if (header->nslots > SLOTS_MAX)
        return 2;
    sample();
    long free_before = least_free;
    unsigned long overhead = perform(&empty, NULL, NULL, nothing);
    for (uint32_t i = 0; i < header->nops; i++) {
        unsigned kind = ops[i].slot_and_kind & 3;
        unsigned long taken = perform(&ops[i], malloc, realloc, free) - overhead;
        total[kind] += taken;
        count[kind]++;
        if (taken > worst[kind])
            worst[kind] = taken;
        if (i % SAMPLE == 0)
            sample();
    }
    for (int kind = 0; kind < 3; kind++)
        printf("op %d count %lu total %lu worst %lu\n", kind, count[kind], total[kind],
               worst[kind]);
    printf("failures %lu\ntaken %ld\npeak %lu\n", failures, free_before - least_free,
           (unsigned long)header->peak);
    return 0;
}
