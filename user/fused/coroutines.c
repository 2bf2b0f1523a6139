/*
 * coroutines - stacks of the program's own, which nobody tells the kernel of. Two coroutines in each of a
 * few threads hand a number to and fro, on stacks from malloc, while timer interrupts come and threads
 * are preempted; they print, sleep and ask for memory as well. Says "coroutines: ok".
 *
 *     coroutines overflow    one overflows its stack, below which a page is protected
 */
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#define KEEP __attribute__((noinline, noclone))

enum { STACK = 16384, PAGE = 4096, SAVED = 208, THREADS = 4, HOPS = 40000, NAPS = 5 };

/* void hop(void **from, void *to): saves what a function call preserves on the stack, and sp in *from;
 * goes on where `to` was saved. */
void hop(void **from, void *to);
__asm__(".macro each op, fop\n"
        "    \\op ra, 0(sp)\n    \\op s0, 8(sp)\n    \\op s1, 16(sp)\n    \\op s2, 24(sp)\n"
        "    \\op s3, 32(sp)\n    \\op s4, 40(sp)\n    \\op s5, 48(sp)\n    \\op s6, 56(sp)\n"
        "    \\op s7, 64(sp)\n    \\op s8, 72(sp)\n    \\op s9, 80(sp)\n    \\op s10, 88(sp)\n"
        "    \\op s11, 96(sp)\n    \\fop fs0, 104(sp)\n    \\fop fs1, 112(sp)\n"
        "    \\fop fs2, 120(sp)\n    \\fop fs3, 128(sp)\n    \\fop fs4, 136(sp)\n"
        "    \\fop fs5, 144(sp)\n    \\fop fs6, 152(sp)\n    \\fop fs7, 160(sp)\n"
        "    \\fop fs8, 168(sp)\n    \\fop fs9, 176(sp)\n    \\fop fs10, 184(sp)\n"
        "    \\fop fs11, 192(sp)\n"
        ".endm\n"
        ".text\n"
        "hop:\n    addi sp, sp, -208\n    each sd, fsd\n    sd sp, 0(a0)\n"
        "    mv sp, a1\n    each ld, fld\n    addi sp, sp, 208\n    ret\n"
        "begin:\n    mv a0, s0\n    jr s1\n");
extern char begin[];

struct coroutine {
    void *sp;
    struct coroutine *next; /* who runs after it */
    long *number;
    char *stack;
};

static void pass_on(struct coroutine *me)
{
    hop(&me->sp, me->next->sp);
}

/* As hop() would have saved it: with begin() as the return address, and in s0 and s1 what it wants. */
static void prepare(struct coroutine *c, char *stack, void (*body)(struct coroutine *))
{
    void **saved = (void **)(stack + STACK - SAVED);
    memset(saved, 0, SAVED);
    saved[0] = begin;
    saved[1] = c;
    saved[2] = body;
    c->stack = stack;
    c->sp = saved;
}

static void count(struct coroutine *me)
{
    for (;;) {
        double half = (double)++*me->number / 2;
        pass_on(me);
        if (*me->number != (long)(half * 2) + 2) /* the two others have counted */
            abort();
        if (*me->number % (HOPS / NAPS) == 0) {
            struct timespec time = {0, 1000000};
            nanosleep(&time, NULL);
            free(malloc(100000));
        }
    }
}

static void *in_thread(void *arg)
{
    long number = 0;
    struct coroutine self, a = {.number = &number}, b = {.number = &number};
    prepare(&a, malloc(STACK), count);
    prepare(&b, malloc(STACK), count);
    self.next = &a;
    a.next = &b;
    b.next = &self;
    for (int i = 0; i < HOPS; i++) {
        pass_on(&self);
        number++;
    }
    free(a.stack);
    free(b.stack);
    return arg == NULL ? (void *)number : NULL;
}

KEEP static int overflow(int depth)
{
    volatile char frame[64];
    frame[0] = (char)depth;
    return overflow(depth + 1) + frame[0];
}

KEEP static void run_over(struct coroutine *me)
{
    overflow(0);
    pass_on(me);
}

static int overflow_on_own_stack(void)
{
    struct coroutine self, a = {.next = &self};
    char *stack =
        mmap(NULL, PAGE + STACK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(stack, PAGE, PROT_NONE);
    prepare(&a, stack + PAGE, run_over);
    self.next = &a;
    pass_on(&self);
    puts("survived");
    return 0;
}

int main(int argc, char **argv)
{
    pthread_t threads[THREADS];
    int ok = 1;
    if (argc > 1 && strcmp(argv[1], "overflow") == 0)
        return overflow_on_own_stack();
    for (int i = 0; i < THREADS; i++)
        ok &= pthread_create(&threads[i], NULL, in_thread, NULL) == 0;
    for (int i = 0; ok && i < THREADS; i++) {
        void *number;
        pthread_join(threads[i], &number);
        ok &= (long)number == 3L * HOPS;
    }
    puts(ok ? "coroutines: ok" : "coroutines: FAILED");
    return !ok;
}
