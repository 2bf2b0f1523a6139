/* The steps of a script, one after the other (replay.h). */
#include "kern/core/panic.h"
#include "kern/core/printk.h"
#include "kern/core/string.h"
#include "kern/dev/machine.h"
#include "kern/dev/power.h"
#include "kern/images/commands.h"
#include "kern/images/replay/replay.h"

#define STEPS_MAX 16384
#define SLOTS_MAX 4096
#define WORDS_MAX 256
#define BY_HAND   1024 /* pages, when the bootargs are the script */

struct note {
    uint64_t result, taken;
};

struct note replay_log[STEPS_MAX];
uint64_t replay_done; /* steps */

static const struct subject *subject;
static void *blocks[SLOTS_MAX];
static void *freed[SLOTS_MAX]; /* the last one of the slot */
static size_t sizes[SLOTS_MAX];

/* --- what is in a block --- */

static void fill(size_t slot, uint64_t pattern)
{
    uint64_t *words = blocks[slot];
    size_t nwords = sizes[slot] / 8, ntail = sizes[slot] % 8;
    for (size_t i = 0; i < nwords; i++, pattern += 0x9e3779b97f4a7c15)
        words[i] = pattern;
    memcpy(words + nwords, &pattern, ntail);
}

static uint64_t digest(size_t slot, size_t size)
{
    const uint64_t *words = blocks[slot];
    uint64_t sum = 0, tail = 0;
    if (size > sizes[slot])
        size = sizes[slot]; /* of a block that could not be had, nothing */
    for (size_t i = 0; i < size / 8; i++)
        sum = sum * 3 + words[i];
    memcpy(&tail, words + size / 8, size % 8);
    return sum * 3 + tail;
}

/* --- steps --- */

static uint64_t came(const struct step *step, void *block, bool fresh)
{
    if (block) {
        blocks[step->slot] = block;
        sizes[step->slot] = step->size;
        if (fresh)
            fill(step->slot, step->pattern);
    }
    return (uintptr_t)block;
}

static void forget(size_t slot)
{
    freed[slot] = blocks[slot];
    blocks[slot] = NULL;
    sizes[slot] = 0;
}

static uint64_t do_free(const struct step *step)
{
    void *block = blocks[step->slot];
    uint64_t before = block ? digest(step->slot, sizes[step->slot]) : 0;
    forget(step->slot);
    timed_call((void *)subject->free, (uintptr_t)block, 0);
    return before;
}

static uint64_t do_realloc(const struct step *step)
{
    uintptr_t block = (uintptr_t)blocks[step->slot];
    if (step->size == 0)
        forget(step->slot);
    return came(step, timed_call((void *)subject->realloc, block, step->size), false);
}

static uint64_t do_check(void)
{
    const char *complaint = subject->check();
    if (complaint)
        printk("check: %s\n", complaint);
    return complaint != NULL;
}

static uint64_t do_step(const struct step *step)
{
    switch (step->kind) {
    case STEP_MALLOC: return came(step, timed_call((void *)subject->malloc, step->size, 0), true);
    case STEP_FREE: return do_free(step);
    case STEP_REALLOC: return do_realloc(step);
    case STEP_MEMALIGN:
        return came(step, timed_call((void *)subject->memalign, step->align, step->size), true);
    case STEP_FILL: fill(step->slot, step->pattern); return 0;
    case STEP_DIGEST: return digest(step->slot, step->size);
    case STEP_AVAILABLE: return subject->available();
    case STEP_LARGEST: return subject->largest();
    case STEP_CHECK: return do_check();
    case STEP_EVENT: timed_call((void *)subject->event, 0, 0); return 0;
    case STEP_AGAIN: timed_call((void *)subject->free, (uintptr_t)freed[step->slot], 0); return 0;
    default: panic("there is no step of kind %u", step->kind);
    }
}

static void begin(size_t npages, size_t gap)
{
    arena_init(npages, gap);
    if (!timed_call((void *)subject->init, 0, 0))
        panic("the heap cannot be made");
}

static void follow(const struct script *script)
{
    if (script->nsteps > STEPS_MAX)
        panic("a script of %lu steps; there is room for %d", script->nsteps, STEPS_MAX);
    begin(script->limit, script->gap);
    for (uint64_t i = 0; i < script->nsteps; i++) {
        if (script->steps[i].slot >= SLOTS_MAX)
            panic("step %lu: there is no such slot", i);
        replay_log[i].result = do_step(&script->steps[i]);
        replay_log[i].taken = arena_taken;
        replay_done = i + 1;
    }
}

/* --- by hand --- */

static uint64_t by_hand(enum step_kind kind, const char *slot, uint64_t align, uint64_t size)
{
    struct step step = {
        .kind = kind, .slot = (uint32_t)parse_number(slot) % SLOTS_MAX, .size = size};
    step.align = align;
    return do_step(&step);
}

static void command_malloc(char **words)
{
    uint64_t at = by_hand(STEP_MALLOC, words[0], 0, parse_number(words[1]));
    printk("malloc %s %s = %p\n", words[0], words[1], (void *)at);
}

static void command_memalign(char **words)
{
    uint64_t at = by_hand(STEP_MEMALIGN, words[0], parse_number(words[1]), parse_number(words[2]));
    printk("memalign %s %s %s = %p\n", words[0], words[1], words[2], (void *)at);
}

static void command_realloc(char **words)
{
    uint64_t at = by_hand(STEP_REALLOC, words[0], 0, parse_number(words[1]));
    printk("realloc %s %s = %p\n", words[0], words[1], (void *)at);
}

static void command_free(char **words)
{
    by_hand(STEP_FREE, words[0], 0, 0);
    printk("free %s\n", words[0]);
}

static void command_again(char **words)
{
    by_hand(STEP_AGAIN, words[0], 0, 0);
    printk("again %s\n", words[0]);
}

static void command_event(char **words)
{
    (void)words;
    if (subject->event)
        by_hand(STEP_EVENT, "0", 0, 0);
}

static void command_show(char **words)
{
    (void)words;
    printk("taken %lu, free %lu, at once %lu%s\n", arena_taken, subject->available(),
           subject->largest(), do_check() ? "" : ", all invariants hold");
}

static const struct command commands[] = {
    {"malloc", command_malloc, 2},   {"memalign", command_memalign, 3}, {"free", command_free, 1},
    {"realloc", command_realloc, 2}, {"again", command_again, 1},       {"event", command_event, 0},
    {"show", command_show, 0},
};

void replay(const char *image, const struct subject *what)
{
    static char text[1024];
    static char *words[WORDS_MAX];
    subject = what;
    if (machine.initrd.size) {
        follow((const struct script *)machine.initrd.start);
    } else {
        int n = machine_args(text, sizeof(text), words, WORDS_MAX);
        begin(BY_HAND, 0);
        commands_run(image, commands, ARRAY_LEN(commands), words, n);
    }
    printk("%s: done\n", image);
    power_off(0);
}
