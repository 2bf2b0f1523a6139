/* The commands that work on a page table, and the notes they leave for whoever judges. */
#include "kern/core/panic.h"
#include "kern/core/printk.h"
#include "kern/core/string.h"
#include "kern/images/maps/commands.h"
#include "kern/mem/fault_report.h"
#include "kern/mem/pages.h"
#include "kern/riscv/csr.h"
#include "kern/riscv/sv39.h"

#define ANY_NUMBER 0x1000 /* of tables, until the host says otherwise */
#define TABLES_MAX 64     /* tables we keep an eye on */
#define POISON     0xee   /* what becomes of a table that was given back */

pte_t *maps_root;

static size_t tables_left = ANY_NUMBER;
static pte_t *tables[TABLES_MAX]; /* given out and not given back; NULL: a free place */

static void watch(pte_t *table)
{
    for (size_t i = 0; i < TABLES_MAX; i++)
        if (!tables[i]) {
            tables[i] = table;
            return;
        }
}

void *maps_new_table(void)
{
    if (tables_left == 0) {
        printk("maps: no table left\n");
        return NULL;
    }
    pte_t *table = page_alloc_zeroed();
    if (!table)
        panic("no memory for a table");
    tables_left--;
    watch(table);
    printk("maps: table %lx\n", (uintptr_t)table);
    return table;
}

/* --- what the owner of a range is told --- */

/* How a table looks at this moment. */
static void show_table(const pte_t *table)
{
    size_t nvalid = 0, nothers = 0;
    for (size_t i = 0; i < SV39_ENTRIES; i++) {
        nvalid += (table[i] & PTE_V) != 0;
        nothers += table[i] && !(table[i] & PTE_V);
    }
    printk("maps:   table %lx valid %lu others %lu\n", (uintptr_t)table, nvalid, nothers);
}

/* The harts are made to forget now: from here on the table must be as it should. */
static void forget(void *space, uintptr_t va, size_t len)
{
    printk("maps: forget %s %lx %lx\n", space == maps_root ? "space" : "another", va, va + len);
    for (size_t i = 0; i < TABLES_MAX; i++)
        if (tables[i])
            show_table(tables[i]);
    for (size_t at = 0; at<len; at += len> MiB ? MiB : PAGE_SIZE)
        sfence_vma_page(va + at);
    sfence_vma_all();
}

/* A page that comes back is the host's, and stays as it is; a table will not be used again. */
static void release(void *page)
{
    const char *what = "page";
    for (size_t i = 0; i < TABLES_MAX; i++)
        if (tables[i] == page) {
            tables[i] = NULL;
            what = "table";
            memset(page, POISON, PAGE_SIZE);
        }
    printk("maps: release %s %lx\n", what, (uintptr_t)page);
}

static struct sv39_owner owner(void)
{
    return (struct sv39_owner){.space = maps_root, .forget = forget, .release = release};
}

/* --- commands --- */

void command_tables(char **words)
{
    tables_left = parse_hex(words[0]);
}

void command_root(char **words)
{
    maps_root = (pte_t *)parse_hex(words[0]);
}

void command_watch(char **words)
{
    watch((pte_t *)parse_hex(words[0]));
}

void command_walk(char **words)
{
    int level = -1;
    uintptr_t va = parse_hex(words[0]);
    pte_t *entry = sv39_walk(maps_root, va, &level);
    printk("maps: walk %lx level %d at %lx entry %lx\n", va, level, (uintptr_t)entry,
           entry ? *entry : 0);
}

void command_create(char **words)
{
    uintptr_t va = parse_hex(words[0]);
    int level = (int)parse_hex(words[1]);
    pte_t *entry = sv39_walk_create(maps_root, va, level, maps_new_table);
    printk("maps: create %lx level %d at %lx\n", va, level, (uintptr_t)entry);
}

/* Without a fence. QEMU remembers only what it found, never that there was nothing: if it takes another
 * way than the new entry's, then one that should have been forgotten when the old entry went. */
void command_map(char **words)
{
    uintptr_t va = parse_hex(words[0]), pa = parse_hex(words[1]);
    int level = (int)parse_hex(words[3]);
    int error = sv39_map(maps_root, va, pa, parse_flags(words[2]), level, maps_new_table);
    printk("maps: map %lx level %d returns %d\n", va, level, error);
}

void command_protect(char **words)
{
    uintptr_t start = parse_hex(words[0]), end = parse_hex(words[1]);
    int error = sv39_protect(maps_root, start, end, parse_flags(words[2]), maps_new_table);
    sfence_vma_all();
    printk("maps: protect %lx %lx returns %d\n", start, end, error);
}

void command_unmap(char **words)
{
    uintptr_t start = parse_hex(words[0]), end = parse_hex(words[1]);
    struct sv39_owner notes = owner();
    size_t npages = sv39_unmap(maps_root, start, end, &notes);
    printk("maps: unmap %lx %lx returns %lu\n", start, end, npages);
}

void command_drop(char **words)
{
    uintptr_t start = parse_hex(words[0]), end = parse_hex(words[1]);
    struct sv39_owner notes = owner();
    size_t ntables = sv39_drop_tables(maps_root, start, end, &notes);
    printk("maps: drop %lx %lx returns %lu\n", start, end, ntables);
}

static void explain(char **words, bool user)
{
    char text[128];
    unsigned long cause = parse_hex(words[0]);
    uintptr_t va = parse_hex(words[1]);
    struct sv39_fault fault = {.level = -1};
    sv39_explain(maps_root, va, cause, user, &fault);
    printk("maps: why %lx level %d entry %lx lacks %lx forbids %lx\n", va, fault.level, fault.entry,
           fault.lacks, fault.forbids);
    fault_sentence(text, sizeof(text), cause, va, &fault);
    printk("maps: %s\n", text);
}

void command_why(char **words)
{
    explain(words, false);
}

void command_whyuser(char **words)
{
    explain(words, true);
}
