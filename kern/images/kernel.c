/* The kernel shape: starts init. What it stands on is in the init table. */
#include "kern/core/boot.h"
#include "kern/core/panic.h"
#include "kern/dev/machine.h"
#include "kern/proc/proc.h"

#define ARGS_MAX   64
#define WORDS_SIZE 4096

void image_main(void)
{
    static char words[WORDS_SIZE];
    static char *argv[ARGS_MAX + 1] = {"init"};
    irq_enable();
    int argc = machine_args(words, sizeof(words), argv + 1, ARGS_MAX - 1);
    if (argc < 0)
        panic("ARGS is too long: at most %d words, %d bytes together", ARGS_MAX - 2,
              WORDS_SIZE - 1);
    proc_start_init(argc + 1, argv);
    thread_exit();
}
