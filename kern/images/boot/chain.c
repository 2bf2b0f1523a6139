/* Chains of calls, for backtraces. The bootargs choose who calls whom. */
#include "kern/core/panic.h"
#include "kern/core/printk.h"
#include "kern/core/string.h"
#include "kern/images/boot/commands.h"
#include "kern/riscv/offsets.h"

static const char *chain_end;

typedef void link_function(const char *rest);
static link_function *const links[];

/* The next letter's function, or the end. Part of each link: it has no frame of its own. */
static inline void __attribute__((always_inline)) follow(const char *rest)
{
    if (*rest >= 'a' && *rest <= 'h')
        links[*rest - 'a'](rest + 1);
    else if (strcmp(chain_end, "panic") == 0)
        panic("the chain ends here");
    else if (strcmp(chain_end, "fault") == 0)
        __asm__ volatile("sd zero, 8(zero)" ::: "memory");
}

/* Something is left to do behind the call, or the compiler would make a jump of it. */
#define LINK(letter)                                                                               \
    static void __attribute__((noipa)) link_##letter(const char *rest)                             \
    {                                                                                              \
        follow(rest);                                                                              \
        __asm__ volatile("");                                                                      \
    }

LINK(a)
LINK(b)
LINK(c)
LINK(d)
LINK(e)
LINK(f)
LINK(g)
LINK(h)

static link_function *const links[] = {link_a, link_b, link_c, link_d,
                                       link_e, link_f, link_g, link_h};

void __attribute__((noipa)) command_chain(char **words)
{
    chain_end = words[1];
    follow(words[0]);
    printk("boot: back from the chain\n");
}

static void __attribute__((noipa)) end_bent(void)
{
    panic("above a bent frame");
}

/* Frames as functions would have left them, all but where they are: what a function's fp points at is
 * behind the second word. */
struct frame {
    uintptr_t caller, ra;
};

struct bent {
    struct frame below, first;
    char above[2 * sizeof(struct frame)];
};

extern char emergency_stacks[]; /* kern/riscv/entry.S: above the boot stack */

/* A frame that looks right, at a place that need not be; its fp. */
static uintptr_t put_frame(void *place)
{
    struct frame frame = {.caller = 0, .ra = (uintptr_t)link_a + 4};
    memcpy(place, &frame, sizeof(frame));
    return (uintptr_t)place + sizeof(frame);
}

void __attribute__((noipa)) command_adrift(char **words)
{
    __asm__ volatile("mv s0, %0; unimp" ::"r"(parse_number(words[0])) : "memory");
}

static uintptr_t bent_caller(struct bent *bent, const char *where)
{
    if (strcmp(where, "self") == 0)
        return (uintptr_t)(&bent->first + 1);
    if (strcmp(where, "below") == 0)
        return put_frame(&bent->below);
    if (strcmp(where, "odd") == 0)
        return put_frame(bent->above + 3);
    if (strcmp(where, "outside") == 0)
        return put_frame(emergency_stacks + GUARD_SIZE);
    return parse_number(where);
}

void __attribute__((noipa)) command_bend(char **words)
{
    struct bent bent;
    uintptr_t fp = put_frame(&bent.first);
    bent.first.caller = bent_caller(&bent, words[0]);
    __asm__ volatile("mv s0, %0; jalr %1" ::"r"(fp), "r"(end_bent) : "ra", "memory");
}
