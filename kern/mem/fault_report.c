/* Page faults of the kernel: always a bug, and the page table knows more about it than the trap does. */
#include "kern/mem/fault_report.h"
#include "kern/core/init.h"
#include "kern/core/panic.h"
#include "kern/core/printk.h"
#include "kern/riscv/csr.h"
#include "kern/riscv/sv39.h"
#include "kern/riscv/trap.h"

#define PTE_LETTERS    "VRWXUGAD" /* from bit 0 up */
#define SATP_ROOT_MASK ((1UL << 44) - 1)

/* The letters of some bits, blanks in front: " W D". */
static const char *letters(char *text, unsigned long bits)
{
    size_t n = 0;
    for (int i = 0; PTE_LETTERS[i]; i++)
        if (bits >> i & 1) {
            text[n++] = ' ';
            text[n++] = PTE_LETTERS[i];
        }
    text[n] = '\0';
    return text;
}

void fault_sentence(char *text, size_t size, unsigned long cause, uintptr_t va,
                    const struct sv39_fault *fault)
{
    char bits[2 * sizeof(PTE_LETTERS)];
    int n = format_string(text, size, "%s at address %p: ", trap_cause_name(cause), (void *)va);
    text += MIN((size_t)n, size);
    size -= MIN((size_t)n, size);
    if (fault->level == SV39_NO_WALK)
        format_string(text, size, "bits 63 to 39 are not all like bit 38");
    else if (fault->lacks)
        format_string(text, size, "the entry at level %d, %lx, lacks%s", fault->level, fault->entry,
                      letters(bits, fault->lacks));
    else if (fault->forbids)
        format_string(text, size, "the entry at level %d, %lx, is the user's", fault->level,
                      fault->entry);
    else
        format_string(text, size, "the entry at level %d, %lx, allows it", fault->level,
                      fault->entry);
}

static bool is_page_fault(unsigned long cause)
{
    return cause == EXC_FETCH_PAGE || cause == EXC_LOAD_PAGE || cause == EXC_STORE_PAGE;
}

bool fault_report(struct trapframe *tf)
{
    static bool reporting; /* the page table itself may be what is broken */
    char text[128];
    struct sv39_fault fault;
    if (!is_page_fault(tf->cause) || reporting)
        return false;
    reporting = true;
    pte_t *root = (pte_t *)((csr_read(satp) & SATP_ROOT_MASK) << 12);
    sv39_explain(root, tf->addr, tf->cause, false, &fault);
    fault_sentence(text, sizeof(text), tf->cause, tf->addr, &fault);
    panic_trap(tf, "panic", EXIT_STATUS_PANIC, "%s", text);
}

static void fault_report_init(void)
{
    trap_on_exception(fault_report);
}
INIT_ENTRY(INIT_TRAPS, fault_report_init);
