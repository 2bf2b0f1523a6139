/* From the first C function to the program of the image.
 *
 * entry.S calls boot() on the boot stack. Everything that starts up does so from the init table, which
 * holds just what this image uses; then image_main(), different for each image, takes over.
 */
#include "kern/core/boot.h"
#include "kern/core/init.h"
#include "kern/core/panic.h"
#include "kern/core/printk.h"
#include "kern/core/string.h"
#include "kern/dev/machine.h"
#include "kern/dev/power.h"
#include "kern/riscv/hart.h"
#include "kern/riscv/trap.h"
#include "kern/sched/thread.h"

extern char boot_stack[], boot_stack_top[], image_start[], image_end[];
extern init_function *const init_table[], *const init_table_end[];

static void release_nothing(struct thread *thread)
{
    (void)thread;
}

struct thread boot_thread; /* what runs from here on, a thread like any other; entry.S names it */

static void become_thread(struct hart *hart)
{
    boot_thread.state = THREAD_RUNNING;
    boot_thread.tid = 1;
    memcpy(boot_thread.name, "boot", sizeof("boot"));
    boot_thread.stack_lo = (uintptr_t)boot_stack;
    boot_thread.stack_hi = (uintptr_t)boot_stack_top;
    boot_thread.release = release_nothing;
    boot_thread.hart = hart;
    list_init(&boot_thread.all_node);
    hart->current = &boot_thread;
}

void boot_out_of_memory(const char *what)
{
    printk("onering: no memory for %s: give the machine more (-m)\n", what);
    power_off(EXIT_STATUS_REFUSED);
}

void init_run(void)
{
    for (init_function *const *entry = init_table; entry < init_table_end; entry++)
        (*entry)();
}

void __attribute__((noreturn)) boot(unsigned long hartid, const void *fdt)
{
    hart_init(&harts[0], 0, hartid);
    become_thread(&harts[0]);
    trap_init_hart();
    machine_init(fdt);
    if (!machine_range_is_free((uintptr_t)image_start, (uintptr_t)image_end))
        panic("the kernel image at %p..%p overlaps memory that the device tree reserves",
              (void *)image_start, (void *)image_end);
    init_run();
    image_main();
}
