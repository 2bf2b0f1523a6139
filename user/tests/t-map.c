/* t-map - brk, mmap, munmap and madvise: what is there, and what is zero. */
#include "check.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { PAGE = 4096, RW = PROT_READ | PROT_WRITE };

/* ---- brk ---- */

static void test_brk(void)
{
    char *start = sbrk(0);
    CHECK(sbrk(3 * PAGE) == start && sbrk(0) == start + 3 * PAGE);
    CHECK(is_zero(start, 3 * PAGE));
    memset(start, 'x', 3 * PAGE);
    CHECK(sbrk(-2 * PAGE) == start + 3 * PAGE);
    CHECK(start[0] == 'x');
    CHECK(sbrk(2 * PAGE) == start + PAGE);
    /* What was given back comes again as zeros (the page the end lies in may stay). */
    char *whole = (char *)(((uintptr_t)start + PAGE + PAGE - 1) & ~(uintptr_t)(PAGE - 1));
    CHECK(is_zero(whole, PAGE));
    CHECK(sbrk(1L << 40) == (void *)-1);
    EQUAL(errno, ENOMEM);
    CHECK(sbrk(0) == start + 3 * PAGE);
    sbrk(-3 * PAGE);
}

/* ---- mmap ---- */

static void test_map(void)
{
    char *p = map_anonymous(3 * PAGE + 1, RW);
    CHECK(p != MAP_FAILED && (uintptr_t)p % PAGE == 0);
    CHECK(is_zero(p, 4 * PAGE));
    memset(p, 'a', 4 * PAGE);
    char *q = mmap(p + PAGE, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    CHECK(q == p + PAGE);
    CHECK(p[PAGE - 1] == 'a' && is_zero(q, PAGE) && p[2 * PAGE] == 'a');
    EQUAL(madvise(p, PAGE, MADV_DONTNEED), 0);
    CHECK(is_zero(p, PAGE) && p[2 * PAGE] == 'a');
    EQUAL(munmap(p, 4 * PAGE), 0);
    /* A hint is only a hint: what is there already stays. */
    char *r = map_anonymous(PAGE, RW);
    *r = 'r';
    char *s = mmap(r, PAGE, RW, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(s != MAP_FAILED && s != r && *r == 'r');
    munmap(r, PAGE);
    munmap(s, PAGE);
}

int main(void)
{
    test_brk();
    test_map();
    return check_end("t-map");
}
