/* Two processes use the box at the same time, and a third one looks on, again and again; what each of
 * their calls answered is reported. Whether an order of the calls explains it, others find out. */
#include "probe.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RECORDS_MAX = 64, FIGHTERS = 2, ALL = FIGHTERS + 1 };

/* A call and its answer. `letters` is what the call left there. */
struct record {
    long op, result;
    unsigned long count;
    long values[LETTERS_MAX]; /* of those to be put */
    struct letter letters[LETTERS_MAX];
};

struct log {
    int pid;
    unsigned n;
    struct record records[RECORDS_MAX];
};

/* Shared by all who take part. */
static struct arena {
    unsigned ready, done;
    struct log logs[ALL];
} * arena;

static long operations[3]; /* put, take, look */
static unsigned long most, nops, state;

static long record_call(struct log *log, long op, unsigned long count, const long *values)
{
    struct record *record = &log->records[log->n++];
    struct box_request request = {record->letters, count};
    *record = (struct record){.op = op, .count = count};
    memset(record->letters, UNWRITTEN, sizeof(record->letters));
    for (unsigned long i = 0; values && i < count; i++)
        record->letters[i].value = record->values[i] = values[i];
    record->result = call_box(op, &request);
    return record->result;
}

static void begin(struct log *log)
{
    log->pid = getpid();
    log->n = 0;
    __atomic_fetch_add(&arena->ready, 1, __ATOMIC_SEQ_CST);
    while (__atomic_load_n(&arena->ready, __ATOMIC_SEQ_CST) < ALL)
        sched_yield();
}

/* Until the others are done. What has not changed since is not told. */
static void look_on(struct log *log)
{
    while (log->n < RECORDS_MAX && __atomic_load_n(&arena->done, __ATOMIC_SEQ_CST) < FIGHTERS) {
        long before = log->n ? log->records[log->n - 1].result : -1;
        if (record_call(log, operations[2], 0, NULL) == before)
            log->n--;
        sched_yield();
    }
}

/* Puts, takes and looks, then takes until nothing is left, but not for ever. */
static void fight(struct log *log, unsigned long first_value)
{
    for (unsigned long i = 0; i < nops; i++) {
        long values[LETTERS_MAX];
        unsigned long kind = (next_number(&state) >> 33) % 7 / 3; /* a look is rarer */
        unsigned long count = 1 + (next_number(&state) >> 33) % most;
        for (unsigned long j = 0; j < LETTERS_MAX; j++)
            values[j] = (long)(first_value + i * LETTERS_MAX + j);
        record_call(log, operations[kind], count, kind == 0 ? values : NULL);
    }
    for (int tries = 0; tries < 8 && record_call(log, operations[1], most, NULL) > 0; tries++)
        continue;
}

static void print_log(const struct log *log)
{
    for (const struct record *record = log->records; record < &log->records[log->n]; record++) {
        printf("duel %d %ld %lu = %ld", log->pid, record->op, record->count, record->result);
        for (unsigned long i = 0; record->op == operations[0] && i < record->count; i++)
            printf(" %ld", record->values[i]);
        printf(" :");
        print_letters(record->letters, record->count);
        printf("\n");
    }
}

/* Child `i` of a round. */
static void take_part(unsigned long i, unsigned long round)
{
    struct log *log = &arena->logs[i];
    state += i;
    begin(log);
    if (i < FIGHTERS)
        fight(log, (FIGHTERS * round + i) * nops * LETTERS_MAX);
    else
        look_on(log);
    __atomic_fetch_add(&arena->done, 1, __ATOMIC_SEQ_CST);
    _exit(0);
}

/* duel PUT TAKE LOOK MOST ROUNDS OPS SEED: the two make OPS calls each, of up to MOST letters, drawn from
 * SEED. */
void box_duel(char **args)
{
    arena = mmap(NULL, sizeof(*arena), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (int i = 0; i < 3; i++)
        operations[i] = (long)number_of(args[i]);
    most = number_of(args[3]);
    nops = number_of(args[5]);
    state = number_of(args[6]);
    for (unsigned long round = 0; round < number_of(args[4]); round++) {
        arena->ready = arena->done = 0;
        next_number(&state);
        for (unsigned long i = 0; i < ALL; i++)
            if (fork() == 0)
                take_part(i, round);
        while (wait(NULL) > 0)
            continue;
        for (int i = 0; i < ALL; i++)
            print_log(&arena->logs[i]);
        printf("duel over\n");
        fflush(stdout);
    }
}
