/*
 * t-mem - memory of a process: what may be done with it, many mappings against a model, memory on
 * demand only, running out of it, and getting all of it back. (t-map: what needs no second process.)
 */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, MIB = 1024 * 1024, RW = PROT_READ | PROT_WRITE };

/* ---- what touching does: done by a child, which may die of it ---- */

static void touch_read(void *p)
{
    (void)*(volatile char *)p;
}

static void touch_write(void *p)
{
    *(volatile char *)p = 1;
}

static void jump_to(void *p)
{
    ((void (*)(void))p)();
}

static int dies(void (*fn)(void *), void *p)
{
    int status = in_child(fn, p);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV;
}

static int survives(void (*fn)(void *), void *p)
{
    return in_child(fn, p) == 0;
}

static void test_protection(void)
{
    static const uint32_t ret = 0x00008067; /* machine code: ret */
    static const char constant[] = "constant";
    char *p = map_anonymous(4 * PAGE, RW);
    CHECK(survives(touch_read, p) && survives(touch_write, p));
    memcpy(p, &ret, sizeof(ret));
    CHECK(dies(jump_to, p));
    EQUAL(mprotect(p, PAGE, PROT_READ), 0);
    CHECK(survives(touch_read, p) && dies(touch_write, p) && dies(jump_to, p));
    CHECK(survives(touch_write, p + PAGE));
    EQUAL(mprotect(p, PAGE, PROT_READ | PROT_EXEC), 0);
    CHECK(survives(jump_to, p) && dies(touch_write, p));
    EQUAL(mprotect(p, PAGE, PROT_NONE), 0);
    CHECK(dies(touch_read, p) && dies(touch_write, p));
    EQUAL(mprotect(p, PAGE, RW), 0);
    CHECK(memcmp(p, &ret, sizeof(ret)) == 0); /* it was all there */
    EQUAL(munmap(p + PAGE, PAGE), 0);
    CHECK(survives(touch_write, p) && dies(touch_read, p + PAGE));
    CHECK(survives(touch_write, p + 2 * PAGE));
    EQUAL(mprotect(p, 3 * PAGE, PROT_READ), -1);
    EQUAL(errno, ENOMEM);
    munmap(p, 4 * PAGE);
    CHECK(dies(touch_read, NULL) && dies(touch_write, (void *)0x80200000));
    CHECK(dies(touch_read, (void *)0x80200000) && dies(touch_read, (void *)-PAGE));
    CHECK(dies(jump_to, (void *)0x80200000));
    CHECK(dies(touch_write, (void *)touch_write)); /* text */
    CHECK(dies(touch_write, (void *)constant));
}

/* ---- many mappings against a model ---- */

enum { NPAGES = 64, OPERATIONS = 3000 };

struct model {
    unsigned char mapped, prot, value; /* value: of the page's first byte */
};

static int null_fd, zero_fd, probe[2];

/* Whether a page can be read and written, asked of the kernel so that nobody dies. */
static int readable(char *p)
{
    char c;
    int ok = write(probe[1], p, 1) == 1;
    if (ok)
        CHECK(read(probe[0], &c, 1) == 1);
    return ok;
}

static void compare(char *base, const struct model *m, int i)
{
    char *p = base + (size_t)i * PAGE;
    int can_read = m->mapped && (m->prot & PROT_READ);
    if (readable(p) != can_read)
        check_fail("page %d: mapped %d protection %d, yet readable is %d", i, m->mapped, m->prot,
                   !can_read);
    else if (can_read && (unsigned char)*p != m->value)
        check_fail("page %d holds %d, not %d", i, *p, m->value);
}

static void change(char *base, struct model *model, int op, int first, int n, int random)
{
    static const int prots[] = {PROT_NONE, PROT_READ, RW, RW};
    char *at = base + (size_t)first * PAGE;
    size_t length = (size_t)n * PAGE;
    int prot = prots[random & 3], all = 1;
    for (int i = first; i < first + n; i++)
        all &= model[i].mapped;
    if (op == 0) {
        CHECK(mmap(at, length, prot, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == at);
    } else if (op == 1) {
        EQUAL(munmap(at, length), 0);
    } else if (op == 2) {
        if (!all)
            return; /* how much of it is changed when it fails is not said */
        EQUAL(mprotect(at, length, prot), 0);
    }
    for (int i = first; i < first + n; i++) {
        struct model *m = &model[i];
        if (op == 0)
            *m = (struct model){1, prot, 0};
        else if (op == 1)
            *m = (struct model){0, 0, 0};
        else if (op == 2)
            m->prot = prot;
        else if (m->mapped && (m->prot & PROT_WRITE))
            base[(size_t)i * PAGE] = m->value = random;
    }
}

static void test_model(void)
{
    static struct model model[NPAGES];
    CHECK(pipe(probe) == 0);
    char *base = map_anonymous((size_t)NPAGES * PAGE, RW);
    munmap(base, (size_t)NPAGES * PAGE);
    srand(7);
    for (int i = 0; i < OPERATIONS; i++) {
        int first = rand() % NPAGES, n = 1 + rand() % 8;
        if (first + n > NPAGES)
            n = NPAGES - first;
        change(base, model, rand() % 4, first, n, rand() & 255);
        compare(base, &model[first], first);
        if (i % 50 == 0)
            for (int k = 0; k < NPAGES; k++)
                compare(base, &model[k], k);
    }
    CHECK(1);
    munmap(base, (size_t)NPAGES * PAGE);
    close(probe[0]);
    close(probe[1]);
}

/* ---- how much memory is used ---- */

/* Memory that is not touched is not used. */
static void test_on_demand(void)
{
    long before = free_memory();
    char *p = map_anonymous(64 * MIB, RW);
    CHECK(p != MAP_FAILED);
    CHECK(before - free_memory() < 64 * 1024);
    for (int i = 0; i < 16; i++)
        p[(size_t)i * 4 * MIB] = 1;
    long used = before - free_memory();
    CHECK(used >= 16 * PAGE && used < 16 * 4 * PAGE + 64 * 1024);
    for (int i = 0; i < 16; i++)
        CHECK(is_zero(p + (size_t)i * 4 * MIB + PAGE, 64)); /* reading gives zeros */
    munmap(p, 64 * MIB);
}

/* Takes memory until there is none: an error, or death; the machine survives either. */
static void take_all(void *arg)
{
    (void)arg;
    for (;;) {
        char *p = map_anonymous(MIB, RW);
        if (p == MAP_FAILED) {
            EQUAL(errno, ENOMEM);
            return;
        }
        for (size_t i = 0; i < MIB; i += PAGE)
            p[i] = (char)i;
    }
}

/* The same, but the kernel touches the pages. */
static void take_all_by_reading(void *arg)
{
    (void)arg;
    for (;;) {
        char *p = map_anonymous(MIB, RW);
        if (p == MAP_FAILED)
            return;
        ssize_t n = read(zero_fd, p, MIB);
        if (n < MIB) {
            CHECK(n >= 0 || errno == ENOMEM || errno == EFAULT);
            return;
        }
    }
}

static void take_all_by_brk(void *arg)
{
    (void)arg;
    for (char *p; (p = sbrk(MIB)) != (void *)-1;)
        for (size_t i = 0; i < MIB; i += PAGE)
            p[i] = 1;
}

static void test_exhaustion(void)
{
    static void (*const takers[])(void *) = {take_all, take_all_by_reading, take_all_by_brk};
    for (int i = 0; i < 3; i++) {
        int status = in_child(takers[i], NULL), sig = WTERMSIG(status);
        CHECK(status == 0 || sig == SIGKILL || sig == SIGSEGV || sig == SIGBUS);
    }
}

/* Two that take all memory at once: both end, and a third goes on. */
static void test_exhaustion_together(void)
{
    pid_t pids[2];
    int status;
    for (int i = 0; i < 2; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            take_all(NULL);
            _exit(0);
        }
    }
    for (int i = 0; i < 2; i++)
        CHECK(waitpid(pids[i], &status, 0) == pids[i]);
}

int main(void)
{
    null_fd = open("/dev/null", O_WRONLY);
    zero_fd = open("/dev/zero", O_RDONLY);
    CHECK(null_fd >= 0 && zero_fd >= 0);
    test_protection();
    test_model();
    if (on_onering()) { /* elsewhere memory is shared with strangers, and much too large */
        check_no_leak(test_on_demand);
        check_no_leak(test_exhaustion);
        check_no_leak(test_exhaustion_together);
    }
    return check_end("t-mem");
}
