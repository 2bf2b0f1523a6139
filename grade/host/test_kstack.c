/* Unit test of the kernel stacks: random operations against a model of harts that remember as much as
 * they may.
 *
 * The model's harts walk the window's tables all the time and keep every translation they find until
 * they are told to drop it. That is the worst the hardware may do, and what no run on real harts would
 * show but by chance. Two kinds: the hart that allocates and frees, and all others. */
#include "kern/mem/kstack.c"

#include "unit.h"
#include <stdio.h>

#define TABLES 520 /* for all of the window */
#define LIVE   300 /* stacks at a time */

/* A slot's last stack is remembered if no fence came since it was freed. */
static size_t own_fences = 1, other_fences = 1;
static struct {
    size_t own, other; /* how many fences there had been when it was freed; 0: it never was */
} freed_at[SLOTS];

static bool in_use[SLOTS];
static uintptr_t being_freed; /* the stack that kstack_free() is at work on */
static size_t nfrees;

/* --- what kstack.c needs --- */

static char tables[TABLES][PAGE_SIZE] __attribute__((aligned(4096)));
static size_t ntables;
uint64_t *kmap_root = (uint64_t *)tables[0];

void *page_alloc_zeroed(void)
{
    CHECK(ntables + 1 < TABLES);
    return tables[++ntables];
}

/* Pages are numbers here: nobody touches what is on a stack. */
static uintptr_t next_page = 0x100000000;
static size_t nstacks;

void *pages_alloc(size_t n)
{
    CHECK(n == STACK_PAGES);
    uintptr_t first = next_page;
    next_page += n * PAGE_SIZE;
    nstacks++;
    return (void *)first;
}

void pages_free(void *first, size_t n)
{
    CHECK(n == STACK_PAGES);
    for (size_t i = 0; being_freed && i < n; i++) { /* unmapped before they are anybody else's */
        int level;
        CHECK(!(*sv39_walk(kmap_root, being_freed + i * PAGE_SIZE, &level) & PTE_V));
    }
    nstacks--;
    (void)first;
}

void sfence_vma_all(void)
{
    own_fences++;
}

void harts_sfence(uint64_t mask, uintptr_t va, size_t len)
{
    CHECK(mask == UINT64_MAX && va == KSTACK_BASE && len == GiB);
    other_fences++;
}

/* --- the test --- */

static size_t slot_of(uintptr_t stack)
{
    return (stack - KSTACK_BASE) / SLOT_SIZE;
}

/* All pages of the stack are there, and side by side; the page below it is not. */
static void check_mapping(uintptr_t stack)
{
    int level;
    CHECK(!(*sv39_walk(kmap_root, stack - PAGE_SIZE, &level) & PTE_V));
    uintptr_t first = pte_to_pa(*sv39_walk(kmap_root, stack, &level));
    for (size_t i = 0; i < STACK_PAGES; i++) {
        pte_t entry = *sv39_walk(kmap_root, stack + i * PAGE_SIZE, &level);
        CHECK(level == 0 && entry == pa_to_pte(first + i * PAGE_SIZE, PTE_RW | PTE_G));
    }
}

/* Nobody remembers another stack in this slot. Who remembers that there was none learns better when it
 * switches to another stack, since there is a new generation. */
static uintptr_t checked_alloc(void)
{
    unsigned long generation = kstack_generation;
    uintptr_t stack = kstack_alloc();
    if (!stack)
        return 0;
    size_t slot = slot_of(stack);
    CHECK(stack == KSTACK_BASE + slot * SLOT_SIZE + PAGE_SIZE && slot < SLOTS);
    CHECK(!in_use[slot]);
    in_use[slot] = true;
    check_mapping(stack);
    CHECK(freed_at[slot].own < own_fences);
    CHECK(freed_at[slot].other < other_fences);
    CHECK(kstack_generation != generation && this_hart()->kstack_generation == kstack_generation);
    return stack;
}

static void checked_free(uintptr_t stack)
{
    check_mapping(stack);
    in_use[slot_of(stack)] = false;
    being_freed = stack;
    kstack_free(stack);
    being_freed = 0;
    freed_at[slot_of(stack)].own = own_fences;
    freed_at[slot_of(stack)].other = other_fences;
    nfrees++;
}

static void random_operations(void)
{
    static uintptr_t stacks[LIVE];
    for (int i = 0; i < 20000; i++) {
        uintptr_t *stack = &stacks[random_below(i % 4000 < 2000 ? LIVE : 8)];
        if (*stack)
            checked_free(*stack);
        *stack = *stack ? 0 : checked_alloc();
    }
    CHECK(other_fences > 2 && other_fences - 1 <= nfrees / RETIRED_MAX);
    for (int i = 0; i < LIVE; i++)
        if (stacks[i])
            checked_free(stacks[i]);
    CHECK(nstacks == 0);
}

/* With every slot in use the last one that was freed is not lost, however few have retired. */
static void all_slots(void)
{
    static uintptr_t stacks[SLOTS];
    size_t n = 0;
    while (n < SLOTS && (stacks[n] = checked_alloc()) != 0)
        n++;
    CHECK(n == SLOTS && kstack_alloc() == 0 && nstacks == SLOTS);
    for (int i = 0; i < 3; i++) {
        size_t victim = random_below(SLOTS);
        checked_free(stacks[victim]);
        CHECK(checked_alloc() == stacks[victim] && kstack_alloc() == 0);
    }
}

int main(int argc, char **argv)
{
    unit_start(argc, argv);
    random_operations();
    all_slots();
    return 0;
}
