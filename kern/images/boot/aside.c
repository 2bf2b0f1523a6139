/* A piece of work on a stack of its own. */
#include "kern/core/printk.h"
#include "kern/images/boot/commands.h"

#define ASIDE_WORDS 1024

/* The record of the work and, above it, the stack. */
static struct {
    uint64_t trail[ASIDE_WORDS]; /* how many calls were still to come, step by step */
    uint64_t steps;
    uint64_t stack[ASIDE_WORDS] __attribute__((aligned(16)));
} aside;

void call_on_stack(void (*function)(uint64_t), uint64_t argument, uint64_t *top); /* stack.S */

/* Goes down `left` calls, one step each. */
static void __attribute__((noipa)) descend(uint64_t left)
{
    aside.trail[aside.steps % ASIDE_WORDS] = left;
    aside.steps++;
    if (left > 1)
        descend(left - 1);
    __asm__ volatile(""); /* or the compiler would make a loop of it */
}

static void __attribute__((noipa)) work_aside(uint64_t count)
{
    uint64_t *top = aside.stack + ASIDE_WORDS;
    call_on_stack(descend, count, top);
    __asm__ volatile(""); /* or the compiler would make a jump of it */
}

void command_aside(char **words)
{
    uint64_t count = parse_number(words[0]);
    aside.steps = 0;
    work_aside(count);
    printk("boot: %lu steps aside\n", aside.steps);
}
