/* replay - does to malloc what a trace says, and counts guest instructions: replay FILE [BYTES].
 *
 * The file is what tools/heaps makes: a header, then 8 bytes for each operation, which name the slot that
 * holds the block. What is counted is one call, from before its arguments to behind its result, less
 * what an empty call takes. Interrupts of the machine wait until it is over.
 *
 * A call after which the machine has more or less free memory than before went to the page allocator:
 * the heap grew or shrank. The worst of those is told apart from the worst of all others. The first
 * call of all makes the heap; what it takes more than the second is what the heap adds to a boot.
 *
 * With BYTES there is no more memory than that: so many bytes of pages, and as many behind brk. The rest
 * is taken away first. */
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

enum {
    MALLOC = 0,
    FREE = 1,
    REALLOC = 2,
    PAGE = 4096,
    BRK_SHARE = 4,
    FILE_MAX = 12 << 20,
    SLOTS_MAX = 1 << 17
};

struct header {
    uint32_t nslots, nops, peak, unused;
};

struct op {
    uint32_t slot_and_kind, size;
};

static char file[FILE_MAX];
static void *slots[SLOTS_MAX];
static unsigned long total[3], count[3], worst[3], nmoves, worst_move, failures;
static long free_now, least_free;

static inline unsigned long instructions(void)
{
    unsigned long n;
    __asm__ volatile("rdinstret %0" : "=r"(n)::"memory");
    return n;
}

/* Interrupts that come in between are taken behind it: their handlers are no part of malloc. */
static inline unsigned long interrupts_wait(void)
{
    unsigned long enabled;
    __asm__ volatile("csrrw %0, sie, zero" : "=r"(enabled)::"memory");
    return enabled;
}

static inline void interrupts_come(unsigned long enabled)
{
    __asm__ volatile("csrw sie, %0" ::"r"(enabled) : "memory");
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
    unsigned long enabled = interrupts_wait(), before = instructions();
    if (kind == MALLOC)
        *slot = allocate(op->size);
    else if (kind == FREE)
        give(old);
    else
        *slot = resize(old, op->size);
    unsigned long taken = instructions() - before;
    interrupts_come(enabled);
    if (kind == FREE) {
        *slot = NULL;
    } else if (*slot == NULL) {
        failures++;
        *slot = kind == REALLOC ? old : NULL;
    }
    return taken;
}

static long free_pages(void)
{
    struct sysinfo info;
    return sysinfo(&info) == 0 ? (long)info.freeram / PAGE : 0;
}

/* Free memory, but for a constant: what lies behind brk is reserved as a whole, and used bit by bit. */
static long free_memory(void)
{
    return free_pages() * PAGE - (long)(intptr_t)sbrk(0);
}

/* Takes pages away until there are only so many: half of them, if all are not to be had in one piece. */
static void leave_pages(long npages)
{
    long surplus, parts = 1;
    while ((surplus = free_pages() - npages) >= parts) {
        size_t size = (size_t)(surplus / parts) * PAGE;
        if (mmap(NULL, size, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
            parts *= 2;
    }
}

/* The first call reserves what brk will have: a share of the pages there are. */
static void leave_memory(long size)
{
    leave_pages(size / PAGE * BRK_SHARE);
    sbrk(0);
    leave_pages(size / PAGE);
}

/* Did the free memory change? */
static int memory_moved(void)
{
    long now = free_memory();
    if (now == free_now)
        return 0;
    free_now = now;
    if (free_now < least_free)
        least_free = free_now;
    return 1;
}

static void tally(unsigned kind, unsigned long taken)
{
    total[kind] += taken;
    count[kind]++;
    unsigned long *most = &worst[kind];
    if (memory_moved()) {
        nmoves++;
        most = &worst_move;
    }
    if (taken > *most)
        *most = taken;
}

/* What making the heap takes. */
static unsigned long first_call(unsigned long overhead)
{
    static const struct op small = {MALLOC, 16};
    unsigned long first = perform(&small, malloc, realloc, free) - overhead;
    free(slots[0]);
    unsigned long second = perform(&small, malloc, realloc, free) - overhead;
    free(slots[0]);
    slots[0] = NULL;
    return first - second;
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
    if (argc < 2 || argc > 3 || read_all(argv[1]) != 0) {
        puts("usage: replay FILE [BYTES]");
        return 2;
    }
    struct header *header = (struct header *)file;
    struct op *ops = (struct op *)(header + 1), empty = {FREE, 0};
    if (header->nslots > SLOTS_MAX)
        return 2;
    if (argc == 3)
        leave_memory(atol(argv[2]));
    sbrk(0);
    unsigned long overhead = perform(&empty, NULL, NULL, nothing);
    memory_moved();
    long free_before = least_free = free_now;
    unsigned long first = first_call(overhead);
    memory_moved();
    for (uint32_t i = 0; i < header->nops; i++)
        tally(ops[i].slot_and_kind & 3, perform(&ops[i], malloc, realloc, free) - overhead);
    for (int kind = 0; kind < 3; kind++)
        printf("op %d count %lu total %lu worst %lu\n", kind, count[kind], total[kind],
               worst[kind]);
    printf("moves %lu worst %lu\nfirst %lu\n", nmoves, worst_move, first);
    printf("failures %lu\ntaken %ld\npeak %lu\n", failures, free_before - least_free,
           (unsigned long)header->peak);
    return 0;
}
