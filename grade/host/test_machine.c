/* Unit test of the device tree parser.
 *
 *     test_machine facts TREE          prints what the parser understood, for the Python side to judge
 *     test_machine fuzz SEED TREE...   damages trees in many ways: the parser must answer each with
 *                                      facts that hold together or with a panic, and touch nothing else
 *
 * A tree is read from a block of exactly its size, so that the sanitizers see every step outside. */
#include "kern/dev/machine.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct tree {
    uint8_t *bytes;
    size_t size;
};

static struct tree load(const char *path)
{
    FILE *file = fopen(path, "rb");
    CHECK(file && fseek(file, 0, SEEK_END) == 0);
    struct tree tree = {.size = (size_t)ftell(file)};
    rewind(file);
    tree.bytes = malloc(tree.size);
    CHECK(fread(tree.bytes, 1, tree.size, file) == tree.size);
    fclose(file);
    return tree;
}

static uint32_t word_at(const struct tree *tree, size_t offset)
{
    const uint8_t *b = tree->bytes + offset;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}

static void set_word(struct tree *tree, size_t offset, uint32_t word)
{
    for (int i = 0; i < 4; i++)
        tree->bytes[offset + (size_t)i] = (uint8_t)(word >> (24 - 8 * i));
}

/* Words of the header. */
enum {
    TOTAL_SIZE = 4,
    STRUCT_OFFSET = 8,
    STRINGS_OFFSET = 12,
    RESERVE_OFFSET = 16,
    STRINGS_SIZE = 32,
    STRUCT_SIZE = 36,
};

/* --- facts --- */

static void print_device(const char *name, const struct machine_device *device)
{
    printf("%s %#lx %#lx %u\n", name, device->base, device->size, device->irq);
}

static void print_range(const char *name, const struct machine_range *range)
{
    printf("%s %#lx %#lx\n", name, range->start, range->size);
}

static void print_facts(void)
{
    print_range("ram", &machine.ram);
    print_range("initrd", &machine.initrd);
    for (uint32_t i = 0; i < machine.nreserved; i++)
        print_range("reserved", &machine.reserved[i]);
    printf("timebase %u\n", machine.timebase_hz);
    for (uint32_t i = 0; i < machine.nharts; i++)
        printf("hart %u %d\n", machine.hartids[i], (int)machine_plic_context(machine.hartids[i]));
    print_device("uart", &machine.uart);
    print_device("plic", &machine.plic);
    print_device("finisher", &machine.finisher);
    print_device("rtc", &machine.rtc);
    for (uint32_t i = 0; i < machine.nvirtio; i++)
        print_device("virtio", machine_virtio(i));
    CHECK(!machine_virtio(machine.nvirtio));
    printf("seed ");
    for (uint32_t i = 0; i < machine.rng_seed_length; i++)
        printf("%02x", machine.rng_seed[i]);
    printf("\nbootargs %s\n", machine.bootargs);
}

static void parse(const struct tree *tree)
{
    memset(&machine, 0, sizeof(machine));
    unit_panic_expected = true;
    if (setjmp(unit_panic_jump) == 0)
        machine_init(tree->bytes);
    else
        printf("panic %s\n", unit_last_panic);
    unit_panic_expected = false;
}

/* --- fuzzing --- */

static bool parses(const struct tree *tree)
{
    memset(&machine, 0, sizeof(machine));
    volatile bool done = false;
    unit_panic_expected = true;
    if (setjmp(unit_panic_jump) == 0) {
        machine_init(tree->bytes);
        done = true;
    }
    unit_panic_expected = false;
    CHECK(done || unit_panic_says("device tree"));
    return done;
}

static bool is_in_tree(const char *text, const struct tree *tree)
{
    const char *first = (const char *)tree->bytes, *end = first + tree->size;
    return text >= first && text < end && memchr(text, '\0', (size_t)(end - text));
}

/* What every user of `machine` may rely on. */
static void check_facts(const struct tree *tree)
{
    CHECK(machine.ram.size > 0 && machine.nharts > 0 && machine.timebase_hz > 0);
    CHECK(machine.ram.start + machine.ram.size >= machine.ram.start);
    CHECK(machine.nharts <= MACHINE_HARTS_MAX && machine.nvirtio <= MACHINE_VIRTIO_MAX);
    CHECK(machine.nreserved <= ARRAY_LEN(machine.reserved));
    CHECK(machine.rng_seed_length <= MACHINE_RNG_SEED);
    CHECK(*machine.bootargs == '\0' || is_in_tree(machine.bootargs, tree));
    for (uint32_t i = 0; i < machine.nvirtio; i++)
        CHECK(machine_virtio(i)->irq &&
              (i == 0 || machine_virtio(i - 1)->base <= machine_virtio(i)->base));
    for (uint32_t i = 0; i < machine.nharts; i++)
        machine_plic_context(machine.hartids[i]); /* reads the tree */
    if (machine.initrd.size > 0) {
        CHECK(machine.initrd.start >= machine.ram.start);
        CHECK(machine.initrd.start + machine.initrd.size <= machine.ram.start + machine.ram.size);
    }
}

static void try_tree(struct tree *tree)
{
    if (parses(tree))
        check_facts(tree);
}

static struct tree copy_of(const struct tree *tree, size_t size)
{
    struct tree copy = {malloc(size), size};
    memcpy(copy.bytes, tree->bytes, size);
    set_word(&copy, TOTAL_SIZE, (uint32_t)size);
    return copy;
}

/* Cut off behind every byte; the header knows, or only its total size knows. */
static void truncate_everywhere(const struct tree *tree)
{
    uint32_t structs = word_at(tree, STRUCT_OFFSET), strings = word_at(tree, STRINGS_OFFSET);
    for (size_t size = 40; size < tree->size; size++) {
        struct tree copy = copy_of(tree, size);
        CHECK(!parses(&copy) || size >= strings + word_at(tree, STRINGS_SIZE));
        CHECK(!parses(&copy) || size >= structs + word_at(tree, STRUCT_SIZE));
        if (structs + 8 <= size && structs < strings)
            set_word(&copy, STRUCT_SIZE, (uint32_t)(size - structs) & ~3U);
        if (strings < size)
            set_word(&copy, STRINGS_SIZE, (uint32_t)size - strings);
        try_tree(&copy);
        free(copy.bytes);
    }
}

/* The structure block cut off behind every word, with a closing END put there; the whole tree too if
 * that block is its last. */
static void end_early(const struct tree *tree)
{
    uint32_t structs = word_at(tree, STRUCT_OFFSET), size = word_at(tree, STRUCT_SIZE);
    bool is_last = structs + size == tree->size;
    for (uint32_t end = 8; end < size; end += 4) {
        struct tree copy = copy_of(tree, is_last ? structs + end : tree->size);
        set_word(&copy, STRUCT_SIZE, end);
        set_word(&copy, structs + end - 4, 9);
        try_tree(&copy);
        free(copy.bytes);
    }
}

/* Each block must end as it should, or the parser could run out of it. */
static void test_blocks_without_an_end(const struct tree *tree)
{
    uint32_t structs = word_at(tree, STRUCT_OFFSET), size = word_at(tree, STRUCT_SIZE);
    uint32_t strings = word_at(tree, STRINGS_OFFSET), strings_size = word_at(tree, STRINGS_SIZE);
    struct tree copy = copy_of(tree, tree->size);
    set_word(&copy, structs + size - 4, 4);
    CHECK(!parses(&copy));
    free(copy.bytes);
    for (uint32_t shorter = 0; shorter < strings_size; shorter++) {
        copy = copy_of(tree, tree->size);
        set_word(&copy, STRINGS_SIZE, shorter);
        CHECK(!parses(&copy) || copy.bytes[strings + shorter - 1] == '\0');
        free(copy.bytes);
    }
}

static uint32_t nasty_word(void)
{
    static const uint32_t words[] = {0,  1,          2,          3,          4,         9,
                                     12, 0x7fffffff, 0x80000000, 0xffffffff, 0xfffffff4};
    return random_below(4) ? words[random_below(ARRAY_LEN(words))] : (uint32_t)random_u64();
}

/* Random bytes and words are replaced by others, mostly in the structure block; the total size stays
 * true, for the parser has nothing else to go by. */
static void damage(const struct tree *tree, int rounds)
{
    uint32_t structs = word_at(tree, STRUCT_OFFSET), size = word_at(tree, STRUCT_SIZE);
    for (int round = 0; round < rounds; round++) {
        struct tree copy = copy_of(tree, tree->size);
        for (uint64_t n = 1 + random_below(4); n > 0; n--) {
            size_t offset =
                random_below(4) ? structs + random_below(size) : random_below(tree->size - 3);
            if (random_below(2))
                copy.bytes[offset] = (uint8_t)random_u64();
            else
                set_word(&copy, offset & ~3UL, nasty_word());
        }
        set_word(&copy, TOTAL_SIZE, (uint32_t)tree->size);
        if (random_below(16) == 0)
            set_word(&copy, RESERVE_OFFSET, (uint32_t)(tree->size - random_below(64)) & ~3U);
        try_tree(&copy);
        free(copy.bytes);
    }
}

static void test_what_is_no_tree(const struct tree *tree)
{
    struct tree copy = copy_of(tree, tree->size);
    copy.bytes[0] ^= 1;
    CHECK(!parses(&copy) && unit_panic_says("no device tree"));
    free(copy.bytes);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "facts") == 0) {
        struct tree tree = load(argv[2]);
        parse(&tree);
        if (machine.bootargs)
            print_facts();
        free(tree.bytes);
        return 0;
    }
    CHECK(argc > 3 && strcmp(argv[1], "fuzz") == 0);
    unit_start(2, argv + 1);
    for (int i = 3; i < argc; i++) {
        struct tree tree = load(argv[i]);
        CHECK(parses(&tree));
        check_facts(&tree);
        test_what_is_no_tree(&tree);
        test_blocks_without_an_end(&tree);
        truncate_everywhere(&tree);
        end_early(&tree);
        damage(&tree, 5000);
        free(tree.bytes);
    }
    puts("ok");
}
