/* Chains of calls, for backtraces. The bootargs choose who calls whom. */
#include "kern/core/panic.h"
#include "kern/core/printk.h"
#include "kern/core/string.h"
#include "kern/images/boot/commands.h"

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

/* A frame as a function would have left it, but that its caller's frame is said to be at `words[0]`. */
void __attribute__((noipa)) command_bend(char **words)
{
    uintptr_t frame[2];
    uintptr_t fp = (uintptr_t)(frame + 2);
    frame[0] = strcmp(words[0], "self") == 0 ? fp : parse_number(words[0]);
    frame[1] = (uintptr_t)link_a + 4;
    __asm__ volatile("mv s0, %0; jalr %1" ::"r"(fp), "r"(end_bent) : "ra", "memory");
}
