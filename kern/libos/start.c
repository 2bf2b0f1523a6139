/* The start of a fused image: the kernel is up, now main.
 *
 * The program finds what Linux gives a new process, on a stack of its own:
 *
 *     stack top   strings of the arguments
 *                 auxv: program headers, page size, random bytes
 *                 envp: empty
 *                 argv[0 .. argc - 1], NULL
 *     sp ->       argc
 *
 * argv comes from the machine's bootargs, behind the name of the program.
 */
#include "kern/core/boot.h"
#include "kern/core/panic.h"
#include "kern/dev/machine.h"
#include "kern/libos/libos.h"
#include "kern/mem/pages.h"
#include "kern/riscv/hart.h"
#include "kern/sched/thread.h"
#include "kern/sys/abi.h"

#define ARGS_MAX     64
#define STRINGS_SIZE 4096
#define HWCAP_IMAFDC 0x112d /* bit n: the nth letter of the alphabet */

extern char main_stack[], main_stack_top[]; /* enter.S */
extern const char app_phdr[];               /* libos.ld: the headers a libc looks for */
extern const char app_name[];               /* made by the build */

/* Switches to the stack at `sp` and calls the program's start code with it. */
void enter_app(unsigned long *sp) __attribute__((noreturn));

static unsigned long *push_pair(unsigned long *sp, unsigned long type, unsigned long value)
{
    *--sp = value;
    *--sp = type;
    return sp;
}

/* auxv, from the highest address down. */
static unsigned long *push_auxv(unsigned long *sp)
{
    static const uint16_t constants[][2] = {{AT_PHENT, 56},         {AT_PHNUM, 1},
                                            {AT_PAGESZ, PAGE_SIZE}, {AT_HWCAP, HWCAP_IMAFDC},
                                            {AT_CLKTCK, 100},       {AT_SECURE, 0}};
    sp = push_pair(sp, AT_NULL, 0);
    sp = push_pair(sp, AT_PHDR, (uintptr_t)app_phdr);
    sp = push_pair(sp, AT_RANDOM, (uintptr_t)machine.rng_seed);
    for (size_t i = 0; i < ARRAY_LEN(constants); i++)
        sp = push_pair(sp, constants[i][0], constants[i][1]);
    return sp;
}

static unsigned long *build_stack(void)
{
    char *strings = (char *)((uintptr_t)main_stack_top - STRINGS_SIZE);
    char *argv[ARGS_MAX];
    int argc = machine_args(strings, STRINGS_SIZE, argv, ARGS_MAX);
    if (argc < 0)
        panic("ARGS is too long: %d words, %d bytes fit", ARGS_MAX - 1, STRINGS_SIZE - 1);
    unsigned long *sp = (unsigned long *)strings;
    if (argc % 2)
        sp--; /* argc, argv[0], argv.., NULL, envp NULL: keeps sp 16-byte aligned */
    sp = push_auxv(sp);
    *--sp = 0; /* envp */
    *--sp = 0; /* argv */
    for (int i = argc; i-- > 0;)
        *--sp = (unsigned long)argv[i];
    *--sp = (unsigned long)app_name;
    *--sp = (unsigned long)argc + 1;
    return sp;
}

void image_main(void)
{
    struct thread *me = this_hart()->current;
    libos_fault_init();
    me->stack_lo = (uintptr_t)main_stack;
    me->stack_hi = (uintptr_t)main_stack_top;
    enter_app(build_stack());
}
