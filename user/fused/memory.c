/*
 * memory - what brk, mmap and their relatives promise where there is one address space: memory comes as
 * zeros and goes back whole, and no wrong address does harm. Says "memory: ok", or what is wrong.
 */
#include "check.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

enum { PAGE = 4096, RW = PROT_READ | PROT_WRITE, ANONYMOUS = MAP_PRIVATE | MAP_ANONYMOUS };

static unsigned long free_memory(void)
{
    struct sysinfo info;
    sysinfo(&info);
    return info.freeram * info.mem_unit;
}

static char *map(size_t n, int prot)
{
    char *p = mmap(NULL, n, prot, ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

static int is_zero(const char *p, size_t n)
{
    while (n > 0 && *p == 0)
        p++, n--;
    return n == 0;
}

static void test_mapping(void)
{
    char *p = map(3 * PAGE + 1, RW);
    CHECK(p && (uintptr_t)p % PAGE == 0 && is_zero(p, 4 * PAGE));
    memset(p, 'a', 4 * PAGE);
    CHECK(munmap(p + PAGE, PAGE) == 0);
    CHECK(p[0] == 'a' && p[2 * PAGE] == 'a');
    CHECK(munmap(p, 4 * PAGE) == 0); /* with a hole in it */
    CHECK(munmap(p, 4 * PAGE) == 0); /* nothing is there any more */
    char *q = map(4 * PAGE, RW);
    CHECK(q && is_zero(q, 4 * PAGE)); /* used pages come back as zeros */
    munmap(q, 4 * PAGE);
}

/* What was never mapped belongs to somebody else: the program itself, the kernel, nobody. */
static void test_strange_addresses(void)
{
    static char own[3 * PAGE];
    char *aligned = (char *)(((uintptr_t)own + PAGE - 1) & -(uintptr_t)PAGE);
    unsigned long before = free_memory();
    memset(own, 'o', sizeof(own));
    CHECK(munmap(aligned, PAGE) == 0 && own[PAGE] == 'o');
    CHECK(munmap((void *)0x80000000, 64 << 20) == 0);
    CHECK(munmap(NULL, PAGE) == 0);
    CHECK(free_memory() == before);
    CHECK(munmap(aligned + 1, PAGE) == -1 && errno == EINVAL);
    CHECK(munmap(aligned, 0) == -1 && errno == EINVAL);
    CHECK(munmap((void *)-PAGE, 2 * PAGE) == -1 && errno == EINVAL);
    CHECK(mprotect((void *)0x80000000, PAGE, PROT_NONE) == -1 && errno == ENOMEM);
    CHECK(madvise((void *)0x80000000, PAGE, MADV_DONTNEED) == -1 && errno == ENOMEM);
    CHECK(mmap(aligned, PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0) == MAP_FAILED && errno == ENOMEM);
    CHECK(own[0] == 'o' && own[2 * PAGE] == 'o');
}

static void test_bad_requests(void)
{
    CHECK(mmap(NULL, 0, RW, ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mmap(NULL, PAGE, RW, MAP_ANONYMOUS, -1, 0) == MAP_FAILED && errno == EINVAL);
    CHECK(mmap(NULL, PAGE, RW, MAP_PRIVATE, 0, 0) == MAP_FAILED && errno == ENODEV);
    CHECK(mmap(NULL, (size_t)1 << 40, RW, ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM);
    CHECK(mmap(NULL, SIZE_MAX, RW, ANONYMOUS, -1, 0) == MAP_FAILED && errno == ENOMEM);
}

static void test_fixed(void)
{
    char *p = map(4 * PAGE, RW);
    memset(p, 'f', 4 * PAGE);
    CHECK(mmap(p + PAGE, PAGE, RW, ANONYMOUS | MAP_FIXED, -1, 0) == p + PAGE);
    CHECK(p[PAGE - 1] == 'f' && is_zero(p + PAGE, PAGE) && p[2 * PAGE] == 'f');
    CHECK(madvise(p, PAGE, MADV_DONTNEED) == 0 && is_zero(p, PAGE));
    munmap(p, 4 * PAGE);
}

/* Protections may come and go; the contents stay. */
static void test_protection(void)
{
    char *p = map(3 * PAGE, PROT_NONE);
    CHECK(p && mprotect(p + PAGE, PAGE, RW) == 0);
    p[PAGE] = 'p';
    CHECK(mprotect(p + PAGE, PAGE, PROT_READ) == 0 && p[PAGE] == 'p');
    CHECK(mprotect(p, 4 * PAGE, RW) == -1 && errno == ENOMEM);
    CHECK(madvise(p, 3 * PAGE, MADV_DONTNEED) == 0 && p[PAGE] == 0);
    CHECK(mprotect(p, 3 * PAGE, RW) == 0);
    CHECK(is_zero(p, 3 * PAGE));
    CHECK(munmap(p, 3 * PAGE) == 0);
    static const uint32_t ret = 0x00008067; /* machine code: ret */
    char *code = map(PAGE, RW);
    memcpy(code, &ret, sizeof(ret));
    CHECK(mprotect(code, PAGE, PROT_READ | PROT_EXEC) == 0);
    ((void (*)(void))code)();
    munmap(code, PAGE);
}

static void test_brk(void)
{
    char *start = sbrk(0);
    CHECK(sbrk(3 * PAGE) == start && is_zero(start, 3 * PAGE));
    memset(start, 'b', 3 * PAGE);
    CHECK(sbrk(-2 * PAGE) == start + 3 * PAGE && start[0] == 'b');
    CHECK(sbrk(2 * PAGE) == start + PAGE && is_zero(start + PAGE, 2 * PAGE));
    CHECK(sbrk(1L << 40) == (void *)-1 && errno == ENOMEM);
    sbrk(-3 * PAGE);
}

static void test_exhaustion(void)
{
    char *last = NULL, *p;
    while ((p = map(1 << 20, RW)) != NULL) {
        memcpy(p, &last, sizeof(last));
        last = p;
    }
    CHECK(last && errno == ENOMEM);
    while ((p = last) != NULL) {
        memcpy(&last, p, sizeof(last));
        munmap(p, 1 << 20);
    }
}

/* Areas, pages, tables: the first time may keep some for the next. */
static void test_leaks(void)
{
    unsigned long before = 0;
    for (int round = 0; round < 20; round++) {
        test_mapping();
        test_fixed();
        test_protection();
        if (round == 1)
            before = free_memory();
    }
    CHECK(free_memory() == before);
}

int main(void)
{
    free(malloc(1)); /* the heap has its arena from here on */
    test_mapping();
    test_strange_addresses();
    test_bad_requests();
    test_fixed();
    test_protection();
    test_brk();
    test_leaks();
    unsigned long before = free_memory();
    test_exhaustion();
    CHECK(free_memory() == before);
    return check_end("memory");
}
