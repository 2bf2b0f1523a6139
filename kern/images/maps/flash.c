/* A level-0 table in flash memory.
 *
 * A machine that must translate before it has found its RAM keeps a table where nobody can change it:
 * programmed once, read by the hardware ever after. The chips are two of 16 bits side by side, with the
 * commands of the common flash interface: a word is programmed by a command and then the word. While a
 * command is under way the chip answers with its status; it must be told to show its contents again.
 *
 * Programming can only turn ones into zeros. Nobody erases here: each boot of the machine begins with
 * flash that was never programmed.
 */
#include "kern/core/printk.h"
#include "kern/images/maps/commands.h"
#include "kern/mem/pages.h"

#define FLASH_PA                                                                                   \
    0x22000000UL /* the second bank of QEMU's virt machine; the first may hold firmware */
#define BOTH(command) ((command) << 16 | (command))

enum flash_command {
    FLASH_PROGRAM = 0x40,
    FLASH_SHOW = 0xff,
};

static void flash_program(volatile uint32_t *word, uint32_t value)
{
    *word = BOTH(FLASH_PROGRAM);
    *word = value;
}

static void flash_entry(size_t i, pte_t entry)
{
    volatile uint32_t *words = (volatile uint32_t *)(FLASH_PA + i * sizeof(entry));
    flash_program(&words[0], (uint32_t)entry);
    flash_program(&words[1], (uint32_t)(entry >> 32));
}

void command_flash(char **words)
{
    uintptr_t va = parse_hex(words[0]), pa = parse_hex(words[1]);
    size_t npages = parse_hex(words[2]);
    for (size_t i = 0; i < SV39_ENTRIES; i++)
        flash_entry(i, i < npages ? pa_to_pte(pa + i * PAGE_SIZE, PTE_RW) : 0);
    *(volatile uint32_t *)FLASH_PA = BOTH(FLASH_SHOW);
    pte_t *above = sv39_walk_create(maps_root, va, 1, maps_new_table);
    pte_set(above, pa_to_pte(FLASH_PA, PTE_V));
    /* Walks of ours read the table where it physically is, and so must be able to. */
    sv39_map(maps_root, FLASH_PA, FLASH_PA, PTE_RO | PTE_G, 1, maps_new_table);
    printk("maps: flash maps %lx, %lu pages\n", va, npages);
}
