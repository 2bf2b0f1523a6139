/* The init table: start-up code that is in the image only when something needs it.
 *
 * A component defines an entry for its start-up function:
 *
 *     INIT_ENTRY(INIT_DEVICES, uart_init);
 *
 * and every function that relies on it having run says so:
 *
 *     void uart_write(...) { INIT_NEEDS(uart_init); ... }
 *
 * INIT_NEEDS emits no instruction, only a relocation of kind R_RISCV_NONE against the entry. The
 * linker's garbage collection follows it: as long as a function that needs the entry is in the
 * image, the entry is, and with it the start-up function. When none is, both vanish. The entries are
 * therefore not KEEPed in the linker script: a kept entry would drag in its whole component.
 * The linker sorts entries by level, and within a level by name.
 */
#pragma once

typedef void init_function(void);

/* Levels run in this order; each may rely on the ones before. */
#define INIT_MEMORY   10 /* page allocator */
#define INIT_PAGING   15 /* kernel page table */
#define INIT_HEAP     20 /* kernel heap */
#define INIT_TRAPS    30 /* handlers of traps, clock, interrupt controller */
#define INIT_THREADS  40 /* scheduler, idle threads */
#define INIT_DEVICES  50 /* drivers */
#define INIT_FILES    60 /* file systems, descriptors */
#define INIT_SERVICES 70 /* whatever uses the above */

#define INIT_STRING_(x) #x
#define INIT_STRING(x)  INIT_STRING_(x)
#define INIT_ENTRY(level, function)                                                                \
    init_function *const init_entry_##function                                                     \
        __attribute__((section(".init_table." INIT_STRING(level) "." #function))) = function

#define INIT_NEEDS(function)                                                                       \
    do {                                                                                           \
        extern init_function *const init_entry_##function;                                         \
        __asm__ volatile(".reloc ., R_RISCV_NONE, %0" ::"S"(&init_entry_##function));              \
    } while (0)

/* Runs every entry of the image, in order. */
void init_run(void);
