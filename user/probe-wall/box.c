/* The call of one's own: the box. What its operations are called, and what they must do, is written on
 * a page the probe has not read. */
#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

static long call_number = -1;

long call_box(long op, void *request)
{
    return raw_call(call_number, op, (long)request, 0, 0, 0, 0);
}

/* number N: of the system call */
void box_number(char **args)
{
    call_number = (long)number_of(args[0]);
}

static void put_values(struct letter *letters, char *values)
{
    for (char *value = strtok(values, ","); value; value = strtok(NULL, ","))
        (letters++)->value = (long)number_of(value);
}

/* Two pages, the second of which is no more. */
static char *end_of_a_page(void)
{
    char *pages = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    munmap(pages + PAGE, PAGE);
    return pages + PAGE;
}

void print_letters(const struct letter *letters, unsigned long count)
{
    for (unsigned long i = 0; i < count && i < LETTERS_MAX; i++)
        printf(" %ld/%d/%d", letters[i].value, letters[i].sender, letters[i].number);
}

/* box OP COUNT PLACE VALUES (1,2,3 or -). Where request and letters are: good memory; the letters half
 * beyond the end of memory, on a page for reading only, in the kernel, or on top of the request itself;
 * the request nowhere. */
void box(char **args)
{
    static struct letter letters[LETTERS_MAX + 1];
    long op = (long)number_of(args[0]);
    const char *place = args[2];
    struct box_request request = {letters, number_of(args[1])};
    struct letter *shown = letters;
    void *where = &request;
    char *end = end_of_a_page();
    memset(letters, UNWRITTEN, sizeof(letters));
    if (args[3][0] != '-' || args[3][1])
        put_values(letters, args[3]);
    if (strcmp(place, "half") == 0) {
        request.letters = (struct letter *)(end - request.count * sizeof(struct letter) + 8);
        if (request.count <= LETTERS_MAX)
            memcpy(request.letters, letters, request.count * sizeof(struct letter) - 8);
        shown = NULL;
    } else if (strcmp(place, "readonly") == 0) {
        request.letters = (struct letter *)(end - PAGE);
        memcpy(end - PAGE, letters, sizeof(letters));
        mprotect(end - PAGE, PAGE, PROT_READ);
        shown = request.letters;
    } else if (strcmp(place, "kernel") == 0) {
        request.letters = (struct letter *)0x80400000UL;
        shown = NULL;
    } else if (strcmp(place, "over") == 0) {
        letters[0] = (struct letter){(long)letters, (int)request.count, 0};
        where = letters;
    } else if (strcmp(place, "nowhere") == 0) {
        where = end;
    }
    long result = call_box(op, where);
    printf("box %d %ld %s = %ld", getpid(), op, place, result);
    if (shown && (where != letters || result > 0)) /* else the request stands there */
        print_letters(shown, request.count);
    printf("\n");
    munmap(end - PAGE, PAGE);
}

/* What happened to each value in the race; shared by all who take part. */
struct fate {
    unsigned put, taken;
};

static void take_some(struct fate *fates, long op, unsigned long nvalues, unsigned long count,
                      unsigned long *unknown)
{
    struct letter letters[LETTERS_MAX];
    struct box_request request = {letters, count};
    long got = call_box(op, &request);
    for (long i = 0; i < got && i < LETTERS_MAX; i++) {
        if ((unsigned long)letters[i].value < nvalues)
            __atomic_fetch_add(&fates[letters[i].value].taken, 1, __ATOMIC_RELAXED);
        else
            __atomic_fetch_add(unknown, 1, __ATOMIC_RELAXED);
    }
    if (got <= 0)
        __atomic_fetch_or(unknown, 1UL << 63, __ATOMIC_RELAXED); /* nothing left */
}

static void drain(struct fate *fates, long op, unsigned long nvalues, unsigned long *unknown)
{
    for (unsigned long tries = 0; tries <= nvalues; tries++) {
        __atomic_fetch_and(unknown, ~(1UL << 63), __ATOMIC_RELAXED);
        take_some(fates, op, nvalues, 1, unknown);
        if (*unknown >> 63)
            return;
    }
}

static void race_one(struct fate *fates, char **args, unsigned long child, unsigned long *unknown)
{
    long put = (long)number_of(args[0]), take = (long)number_of(args[1]);
    unsigned long rounds = number_of(args[3]), nvalues = number_of(args[2]) * rounds;
    for (unsigned long i = 0; i < rounds; i++) {
        struct letter letter = {(long)(child * rounds + i), 0, 0};
        struct box_request request = {&letter, 1};
        if (call_box(put, &request) == 1)
            fates[child * rounds + i].put = 1;
        take_some(fates, take, nvalues, number_of(args[4]), unknown);
    }
}

static void print_fates(const struct fate *fates, unsigned long nvalues, unsigned long unknown)
{
    unsigned long put = 0, taken = 0, twice = 0, lost = 0, invented = unknown & ~(1UL << 63);
    for (unsigned long i = 0; i < nvalues; i++) {
        put += fates[i].put;
        taken += fates[i].taken;
        twice += fates[i].taken > 1;
        lost += fates[i].put && !fates[i].taken;
        invented += fates[i].taken && !fates[i].put;
    }
    printf("race: %lu put, %lu taken, %lu twice, %lu lost, %lu invented\n", put, taken, twice, lost,
           invented);
}

/* race PUT TAKE CHILDREN ROUNDS COUNT: children put values nobody else puts and take COUNT at once, all
 * at the same time. In the end everyone takes what is left: who takes part may not be served by all. */
void box_race(char **args)
{
    unsigned long nchildren = number_of(args[2]), nvalues = nchildren * number_of(args[3]);
    unsigned long *unknown = mmap(NULL, sizeof(*unknown) + nvalues * sizeof(struct fate),
                                  PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    struct fate *fates = (struct fate *)(unknown + 1);
    for (unsigned long child = 0; child < nchildren; child++) {
        if (fork() == 0) {
            race_one(fates, args, child, unknown);
            drain(fates, (long)number_of(args[1]), nvalues, unknown);
            _exit(0);
        }
    }
    while (wait(NULL) > 0)
        continue;
    drain(fates, (long)number_of(args[1]), nvalues, unknown);
    print_fates(fates, nvalues, *unknown);
}
