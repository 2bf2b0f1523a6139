/* The commands that turn translation on and touch memory through it. */
#include "kern/core/panic.h"
#include "kern/core/printk.h"
#include "kern/dev/machine.h"
#include "kern/images/maps/commands.h"
#include "kern/mem/fault_report.h"
#include "kern/mem/kmap.h"
#include "kern/mem/pages.h"
#include "kern/riscv/csr.h"
#include "kern/riscv/trap.h"

#define RAM_FLAGS (PTE_RW | PTE_X | PTE_G)

static bool trying;         /* a fault is expected, */
static unsigned long cause; /* and was of this kind; 0: none */
static uintptr_t cause_addr;

/* --- translation --- */

void command_translate(char **words)
{
    (void)words;
    csr_write(satp, SATP_SV39 | (uintptr_t)maps_root >> PAGE_SHIFT);
    sfence_vma_all();
    printk("maps: on, satp %lx\n", csr_read(satp));
}

static void must_map(uintptr_t pa, unsigned long flags, int level)
{
    int error = sv39_map(maps_root, pa, pa, flags, level, maps_new_table);
    if (error)
        panic("sv39_map of the machine's own %lx returns %d", pa, error);
}

/* RAM in the largest pages there are, devices in the smallest, all of it where it is. */
void command_on(char **words)
{
    must_map(RAM_BASE, RAM_FLAGS, 2);
    must_map(machine.uart.base, PTE_RW | PTE_G, 0);
    must_map(machine.finisher.base, PTE_RW | PTE_G, 0);
    command_translate(words);
}

void command_kernel(char **words)
{
    kmap_make();
    maps_root = kmap_root;
    command_translate(words);
}

/* --- accesses --- */

/* Where to go on after an instruction that faulted: behind it, or, if nothing could be fetched where
 * it should be, where it was called from. */
static uintptr_t behind(const struct trapframe *tf)
{
    if (tf->pc == tf->addr)
        return tf->regs[REG_RA];
    bool compressed = (*(const uint16_t *)tf->pc & 3) != 3;
    return tf->pc + (compressed ? 2 : 4);
}

static bool note_fault(struct trapframe *tf)
{
    if (!trying)
        return fault_report(tf);
    trying = false;
    cause = tf->cause;
    cause_addr = tf->addr;
    tf->pc = behind(tf);
    return true;
}

void command_try(char **words)
{
    (void)words;
    trap_on_exception(note_fault);
    trying = true;
    cause = 0;
}

/* What came of an access: the last command's note. */
static void show(const char *access, uintptr_t va, unsigned long value)
{
    trying = false;
    if (cause)
        printk("maps: %s %lx faults: cause %lu at %lx\n", access, va, cause, cause_addr);
    else
        printk("maps: %s %lx: %lx\n", access, va, value);
    cause = 0;
}

void command_read(char **words)
{
    uintptr_t va = parse_hex(words[0]);
    trap_on_exception(note_fault);
    show("read", va, *(volatile uint64_t *)va);
}

/* Writes the address itself, so that each place holds something else. */
void command_write(char **words)
{
    uintptr_t va = parse_hex(words[0]);
    trap_on_exception(note_fault);
    *(volatile uint64_t *)va = va;
    show("write", va, va);
}

void command_fetch(char **words)
{
    uintptr_t va = parse_hex(words[0]);
    trap_on_exception(note_fault);
    ((void (*)(void))va)();
    show("fetch", va, 0);
}

/* --- many loads --- */

/* Loads from the first word of each of the pages in turn. Its instructions are counted from outside. */
static void __attribute__((noinline)) load_pages(uintptr_t va, size_t npages, size_t times)
{
    for (size_t i = 0, page = 0; i < times; i++) {
        (void)*(volatile uint64_t *)(va + page * PAGE_SIZE);
        page = page + 1 == npages ? 0 : page + 1;
    }
}

static void __attribute__((noinline))
load_pages_forgetting(uintptr_t va, size_t npages, size_t times)
{
    for (size_t i = 0, page = 0; i < times; i++) {
        sfence_vma_all();
        (void)*(volatile uint64_t *)(va + page * PAGE_SIZE);
        page = page + 1 == npages ? 0 : page + 1;
    }
}

void command_load(char **words)
{
    load_pages(parse_hex(words[0]), parse_hex(words[1]), parse_hex(words[2]));
    printk("maps: loaded %s times\n", words[2]);
}

void command_loadflush(char **words)
{
    load_pages_forgetting(parse_hex(words[0]), parse_hex(words[1]), parse_hex(words[2]));
    printk("maps: loaded %s times, forgetting each time\n", words[2]);
}
