/* The third image of the course: `maps`, and threads of the kernel that take turns. Still no processes.
 *
 * bootargs: ROUNDS SEED... (decimal). For each seed it starts a thread, which fills the registers that
 * a function preserves with numbers made from its seed, gives way, and says what it finds in them when
 * its turn has come again; ROUNDS times.
 */
#include "kern/core/boot.h"
#include "kern/core/panic.h"
#include "kern/core/printk.h"
#include "kern/core/string.h"
#include "kern/dev/machine.h"
#include "kern/dev/power.h"
#include "kern/images/commands.h"
#include "kern/riscv/hart.h"
#include "kern/sched/thread.h"

#define THREADS_MAX 16
#define WORDS_SIZE  256
#define SAVED       12 /* s0 .. s11 */

/* registers.S: puts the numbers into s0 .. s11, calls thread_yield, and puts what is there then into
 * the array. */
void yield_with_registers(unsigned long numbers[SAVED]);

static unsigned rounds;
static unsigned running; /* threads; there is one hart, and they give way only where they say so */

static unsigned long next_number(unsigned long *state)
{
    *state = *state * 6364136223846793005UL + 1442695040888963407UL;
    return *state;
}

static void report(unsigned long seed, unsigned round, const unsigned long numbers[SAVED])
{
    printk("threads: %lu round %u", seed, round);
    for (int i = 0; i < SAVED; i++)
        printk(" %lx", numbers[i]);
    printk("\n");
}

/* A thread that runs has its registers, and what is left in its context is worth nothing: whoever
 * switches must save all of it again. */
static void forget_context(void)
{
    memset(&thread_current()->context, 0xee, sizeof(struct context));
}

static void take_turns(void *arg)
{
    unsigned long seed = (unsigned long)arg, state = seed;
    unsigned long numbers[SAVED];
    for (unsigned round = 0; round < rounds; round++) {
        for (int i = 0; i < SAVED; i++)
            numbers[i] = next_number(&state);
        forget_context();
        yield_with_registers(numbers);
        report(seed, round, numbers);
    }
    printk("threads: %lu ends\n", seed);
    running--;
}

static void start(unsigned long seed)
{
    struct thread *thread = thread_create("turns", take_turns, (void *)seed);
    if (!thread)
        panic("no memory for a thread");
    running++;
    thread_start(thread);
}

void image_main(void)
{
    static char words[WORDS_SIZE];
    static char *argv[THREADS_MAX + 2];
    int argc = machine_args(words, sizeof(words), argv, THREADS_MAX + 2);
    if (argc < 2)
        panic("bootargs: ROUNDS SEED..., at most %d of them", THREADS_MAX);
    rounds = (unsigned)parse_number(argv[0]);
    irq_enable();
    printk("threads: %d of them, %u rounds\n", argc - 1, rounds);
    for (int i = 1; i < argc; i++)
        start(parse_number(argv[i]));
    while (running > 0)
        thread_yield();
    printk("threads: done\n");
    power_off(0);
}
