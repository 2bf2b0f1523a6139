/* The machine, read from the flattened device tree (devicetree.org, version 0.4, chapter 5).
 *
 *      header                            offsets and sizes of the blocks, big endian like all of it
 *      memory reservation block          pairs (address, size), ended by (0, 0)
 *      structure block                   a stream of 32-bit tokens:
 *          BEGIN_NODE name\0             padded to 4 bytes
 *          PROP length name value        `name` is an offset into the strings block
 *          END_NODE
 *          END                           the very last word of the block
 *      strings block                     the names of properties
 *
 * One pass over the stream collects the known properties of a node. The node is looked at when its
 * first child begins or when it ends: by then all its properties have been seen. What a child needs
 * from its parent (how many cells an address has, and what kind of node that is) is kept for each
 * depth. Addresses on a bus are taken for addresses of memory: `ranges` is not applied.
 *
 * The parser trusts nothing but the total size. Three checks before the first token make the rest
 * cheap: the blocks lie inside the tree, the structure block ends with END, and the strings block
 * ends with a NUL. It runs in every boot, so it counts its instructions: about 40 for a property.
 */
#include "kern/dev/machine.h"
#include "kern/core/panic.h"
#include "kern/core/string.h"

struct machine machine;

extern const char image_start[]; /* from the linker script: where this kernel begins */

typedef uint32_t __attribute__((may_alias)) be32_t; /* big endian, 4-byte aligned */

struct fdt_header {
    be32_t magic, total_size, struct_offset, strings_offset, reserve_offset;
    be32_t version, compatible_version, boot_hart, strings_size, struct_size;
};

#define SWAPPED(x) ((uint32_t)(x) << 24) /* a number below 256 as it looks in the tree */

#define FDT_MAGIC   0xd00dfeedU
#define FDT_VERSION 17        /* the version this parser reads */
#define FDT_MAX     (1 * MiB) /* larger is a broken header */

enum fdt_token { FDT_BEGIN_NODE = 1, FDT_END_NODE, FDT_PROP, FDT_NOP, FDT_END = 9 };

#define PROP_HEADER 12 /* token, length, name */
#define DEPTH_MAX   6  /* deeper nodes hold nothing for us */

/* The properties the parser knows, sorted by the low five bits of the first letter. */
enum property {
    UNKNOWN, /* every other one */
    BOOTARGS,
    COMPATIBLE,
    ADDRESS_CELLS,
    SIZE_CELLS,
    DEVICE_TYPE,
    INTERRUPTS,
    INTERRUPTS_EXTENDED,
    INITRD_START,
    INITRD_END,
    MMU_TYPE,
    PHANDLE,
    REG,
    RNG_SEED,
    STATUS,
    TIMEBASE_FREQUENCY,
    NPROPERTIES,
};

#define NAME_SIZE 20
static const char property_names[NPROPERTIES + 1][NAME_SIZE] = {
    [UNKNOWN] = "",
    [BOOTARGS] = "bootargs",
    [COMPATIBLE] = "compatible",
    [ADDRESS_CELLS] = "#address-cells",
    [SIZE_CELLS] = "#size-cells",
    [DEVICE_TYPE] = "device_type",
    [INTERRUPTS] = "interrupts",
    [INTERRUPTS_EXTENDED] = "interrupts-extended",
    [INITRD_START] = "linux,initrd-start",
    [INITRD_END] = "linux,initrd-end",
    [MMU_TYPE] = "mmu-type",
    [PHANDLE] = "phandle",
    [REG] = "reg",
    [RNG_SEED] = "rng-seed",
    [STATUS] = "status",
    [TIMEBASE_FREQUENCY] = "timebase-frequency",
};

/* Where to start looking for a name; a name whose letter is not here is unknown. */
#define LETTER(c) ((c)&31)
static const uint8_t first_with_letter[32] = {
    [LETTER('b')] = BOOTARGS,     [LETTER('c')] = COMPATIBLE, /* and # */
    [LETTER('d')] = DEVICE_TYPE,  [LETTER('i')] = INTERRUPTS,
    [LETTER('l')] = INITRD_START, [LETTER('m')] = MMU_TYPE,
    [LETTER('p')] = PHANDLE,      [LETTER('r')] = REG,
    [LETTER('s')] = STATUS,       [LETTER('t')] = TIMEBASE_FREQUENCY,
};

/* The devices it knows, by a word of their `compatible`. */
static const struct device_kind {
    char compatible[20];
    uint32_t offset; /* of the struct machine_device in `machine` */
} device_kinds[] = {
    {"virtio,mmio", offsetof(struct machine, virtio)},
    {"ns16550a", offsetof(struct machine, uart)},
    {"sifive,plic-1.0.0", offsetof(struct machine, plic)},
    {"riscv,plic0", offsetof(struct machine, plic)},
    {"sifive,test0", offsetof(struct machine, finisher)},
    {"google,goldfish-rtc", offsetof(struct machine, rtc)},
};

/* The value of a property. It belongs to the node whose number it bears. */
struct value {
    const uint8_t *bytes;
    uint32_t length;
    uint32_t node;
};

/* What the children of a node want to know of it. */
struct level {
    enum node_kind { PLAIN, ABOVE_ROOT, ROOT, CPUS, CPU, RESERVED_MEMORY } kind;
    uint32_t address_cells, size_cells;
};

/* A tree stores each name of a property once and uses it many times, so the place of a name stands
 * for the name: a direct-mapped cache from places to properties. */
#define CACHE_SIZE 64
struct cached_name {
    uint32_t place; /* as in the tree, unswapped */
    uint32_t property;
};

struct parser {
    const char *strings;
    uint32_t strings_size;

    int depth;                          /* of the node being read; the root's is 1 */
    bool collecting;                    /* no child of the node has begun yet */
    struct level levels[DEPTH_MAX + 1]; /* [0] is above the root */
    uint32_t node;                      /* its number; counts from 1 */
    const char *name;
    struct value values[NPROPERTIES];
    struct cached_name cache[CACHE_SIZE];

    uint32_t intc_phandle[MACHINE_HARTS_MAX]; /* of each hart's interrupt controller */
    struct value plic_contexts;               /* the interrupts-extended of the PLIC */
};

static void broken(const char *what) __attribute__((noreturn));
static void broken(const char *what)
{
    panic("device tree: %s", what);
}

static __attribute__((noinline)) uint32_t swap32(uint32_t x)
{
    return x << 24 | (x & 0xff00) << 8 | (x >> 8 & 0xff00) | x >> 24;
}

/* Most numbers in a tree are below 256. */
static inline __attribute__((always_inline)) uint32_t be32(const void *number)
{
    uint32_t x = *(const be32_t *)number;
    return likely(x << 8 == 0) ? x >> 24 : swap32(x);
}

static uint64_t be_cells(const uint8_t *cell, uint32_t ncells)
{
    uint64_t number = 0;
    for (; ncells > 0; ncells--, cell += 4)
        number = number << 32 | be32(cell);
    return number;
}

/* --- properties of the current node --- */

/* Length 0: the node does not have it, or it is empty. */
static struct value get(const struct parser *parser, enum property property)
{
    const struct value *value = &parser->values[property];
    return value->node == parser->node ? *value : (struct value){.length = 0};
}

static uint32_t get_u32(const struct parser *parser, enum property property, uint32_t otherwise)
{
    struct value value = get(parser, property);
    return value.length >= 4 ? be32(value.bytes) : otherwise;
}

/* "" also stands for a text without end. */
static const char *get_text(const struct parser *parser, enum property property)
{
    struct value value = get(parser, property);
    return value.length > 0 && value.bytes[value.length - 1] == '\0' ? (const char *)value.bytes
                                                                     : "";
}

/* An address of 32 or 64 bits, whatever the cells say. */
static uint64_t get_address(const struct parser *parser, enum property property)
{
    struct value value = get(parser, property);
    return be_cells(value.bytes, MIN(value.length / 4, 2U));
}

static void check_range(const struct machine_range *range)
{
    if (range->start + range->size < range->start)
        broken("a range of addresses wraps around");
}

/* The index'th (address, size) of `reg`, in the cells of the parent. False: there is none. */
static bool get_range(const struct parser *parser, uint32_t index, struct machine_range *range)
{
    const struct level *parent = &parser->levels[parser->depth - 1];
    struct value reg = get(parser, REG);
    if (parent->address_cells > 2 || parent->size_cells > 2)
        return false;
    uint32_t entry_size = 4 * (parent->address_cells + parent->size_cells);
    uint64_t at = (uint64_t)index * entry_size;
    if (entry_size == 0 || at + entry_size > reg.length)
        return false;
    const uint8_t *address = reg.bytes + at;
    range->start = be_cells(address, parent->address_cells);
    range->size = be_cells(address + 4 * parent->address_cells, parent->size_cells);
    check_range(range);
    return true;
}

static bool is_okay(const struct parser *parser)
{
    const char *status = get_text(parser, STATUS);
    return *status == '\0' || strcmp(status, "okay") == 0;
}

/* --- nodes --- */

static void found_memory(const struct parser *parser)
{
    struct machine_range bank;
    for (uint32_t i = 0; get_range(parser, i, &bank); i++)
        if ((uintptr_t)image_start - bank.start < bank.size)
            machine.ram = bank;
}

static struct machine_range *add_reserved(void)
{
    if (machine.nreserved == ARRAY_LEN(machine.reserved))
        broken("too many reserved ranges");
    return &machine.reserved[machine.nreserved++];
}

static void found_reserved(const struct parser *parser)
{
    struct machine_range range;
    for (uint32_t i = 0; get_range(parser, i, &range); i++)
        *add_reserved() = range;
}

static void found_chosen(const struct parser *parser)
{
    machine.bootargs = get_text(parser, BOOTARGS);
    machine.initrd.start = get_address(parser, INITRD_START);
    uint64_t initrd_end = get_address(parser, INITRD_END);
    if (initrd_end > machine.initrd.start)
        machine.initrd.size = initrd_end - machine.initrd.start;
    struct value seed = get(parser, RNG_SEED);
    machine.rng_seed_length = MIN(seed.length, (uint32_t)MACHINE_RNG_SEED);
    memcpy(machine.rng_seed, seed.bytes, machine.rng_seed_length);
}

/* A hart without an MMU cannot run this kernel (some boards have one for housekeeping). */
static enum node_kind found_cpu(struct parser *parser)
{
    if (strcmp(get_text(parser, DEVICE_TYPE), "cpu") != 0 || get(parser, MMU_TYPE).length == 0 ||
        !is_okay(parser) || machine.nharts == MACHINE_HARTS_MAX)
        return PLAIN;
    machine.hartids[machine.nharts] = get_u32(parser, REG, 0);
    machine.plic_context[machine.nharts] = PLIC_NO_CONTEXT;
    parser->intc_phandle[machine.nharts] = 0;
    machine.nharts++;
    return CPU;
}

static void copy_device(struct machine_device *dst, const struct machine_device *src)
{
    dst->base = src->base;
    dst->size = src->size;
    dst->irq = src->irq;
}

/* Keeps virtio devices sorted by address, whatever the order in the tree. */
static void add_virtio(const struct machine_device *device)
{
    if (device->irq == 0 || machine.nvirtio == MACHINE_VIRTIO_MAX)
        return;
    struct machine_device *slot = &machine.virtio[machine.nvirtio++];
    for (; slot > machine.virtio && slot[-1].base > device->base; slot--)
        copy_device(slot, slot - 1);
    copy_device(slot, device);
}

static const struct device_kind *find_device_kind(const char *compatible)
{
    const struct device_kind *kind = device_kinds;
    for (; kind < device_kinds + ARRAY_LEN(device_kinds); kind++)
        if (kind->compatible[0] == compatible[0] && strcmp(kind->compatible, compatible) == 0)
            return kind;
    return NULL;
}

/* Of each kind but virtio the first counts. */
static void add_device(struct parser *parser, const struct device_kind *kind)
{
    struct machine_range reg;
    if (!get_range(parser, 0, &reg) || reg.size == 0)
        return;
    struct machine_device device = {reg.start, reg.size, get_u32(parser, INTERRUPTS, 0)};
    struct machine_device *place = (void *)((char *)&machine + kind->offset);
    if (place == machine.virtio) {
        add_virtio(&device);
    } else if (place->size == 0) {
        copy_device(place, &device);
        if (place == &machine.plic)
            parser->plic_contexts = get(parser, INTERRUPTS_EXTENDED);
    }
}

/* `compatible` is a list of texts, the most specific first. */
static void found_device(struct parser *parser)
{
    const char *text = get_text(parser, COMPATIBLE);
    const char *end = text + get(parser, COMPATIBLE).length;
    for (; *text && text < end; text += strlen(text) + 1) {
        const struct device_kind *kind = find_device_kind(text);
        if (!kind)
            continue;
        if (is_okay(parser))
            add_device(parser, kind);
        return;
    }
}

static __attribute__((noinline)) enum node_kind found_below_root(struct parser *parser)
{
    if (strcmp(get_text(parser, DEVICE_TYPE), "memory") == 0) {
        found_memory(parser);
    } else if (strcmp(parser->name, "cpus") == 0) {
        machine.timebase_hz = get_u32(parser, TIMEBASE_FREQUENCY, 0);
        return CPUS;
    } else if (strcmp(parser->name, "reserved-memory") == 0) {
        return RESERVED_MEMORY;
    } else if (strcmp(parser->name, "chosen") == 0) {
        found_chosen(parser);
    } else {
        found_device(parser);
    }
    return PLAIN;
}

/* Nodes whose place tells what they are. */
static __attribute__((noinline)) enum node_kind found_special(struct parser *parser,
                                                              enum node_kind parent)
{
    switch (parent) {
    case ABOVE_ROOT:
        return ROOT;
    case ROOT:
        return found_below_root(parser);
    case CPUS:
        return found_cpu(parser);
    case CPU:
        if (strcmp(get_text(parser, COMPATIBLE), "riscv,cpu-intc") == 0)
            parser->intc_phandle[machine.nharts - 1] = get_u32(parser, PHANDLE, 0);
        return PLAIN;
    default:
        found_reserved(parser);
        return PLAIN;
    }
}

/* Looks at a node all of whose properties are known. */
static enum node_kind found_node(struct parser *parser)
{
    enum node_kind parent = parser->levels[parser->depth - 1].kind;
    if (parent != PLAIN)
        return found_special(parser, parent);
    found_device(parser);
    return PLAIN;
}

/* --- the stream of tokens --- */

static enum property find_property(const struct parser *parser, uint32_t place)
{
    uint32_t offset = swap32(place);
    if (offset >= parser->strings_size)
        broken("a property has no name");
    const char *name = parser->strings + offset;
    const char(*known)[NAME_SIZE] = &property_names[first_with_letter[LETTER(*name)]];
    for (; LETTER(**known) == LETTER(*name); known++)
        if (strcmp(*known, name) == 0)
            return (enum property)(known - property_names);
    return UNKNOWN;
}

static void collect_property(struct parser *parser, const uint8_t *p, uint32_t length)
{
    uint32_t place = *(const be32_t *)(p + 8);
    struct cached_name *cached = &parser->cache[place >> 24 & (CACHE_SIZE - 1)];
    if (unlikely(cached->place != place)) {
        cached->property = find_property(parser, place);
        cached->place = place;
    }
    struct value *value = &parser->values[cached->property];
    value->bytes = p + PROP_HEADER;
    value->length = length;
    value->node = parser->node;
}

static void finish_properties(struct parser *parser)
{
    if (!parser->collecting)
        return;
    parser->collecting = false;
    parser->levels[parser->depth].kind = found_node(parser);
}

static void begin_node(struct parser *parser, const char *name)
{
    if (parser->collecting) {
        struct level *level = &parser->levels[parser->depth];
        level->address_cells = get_u32(parser, ADDRESS_CELLS, 2); /* defaults of the standard */
        level->size_cells = get_u32(parser, SIZE_CELLS, 1);
    }
    finish_properties(parser);
    parser->depth++;
    parser->collecting = parser->depth <= DEPTH_MAX;
    parser->node++;
    parser->name = name;
}

/* Returns what follows the name. It is padded with NULs: the word that ends it is the first that has
 * a NUL at its end. */
static const uint8_t *skip_name(const uint8_t *p, const uint8_t *last)
{
    do {
        if (p >= last)
            broken("a name does not end");
        p += 4;
    } while (p[-1] != '\0');
    return p;
}

static __attribute__((noinline)) void read_structure(struct parser *parser, const uint8_t *p,
                                                     const uint8_t *last)
{
    while (p < last) {
        uint32_t token = *(const be32_t *)p;
        if (likely(token == SWAPPED(FDT_PROP))) {
            size_t length = last - p >= PROP_HEADER ? be32(p + 4) : SIZE_MAX;
            if (length > (size_t)(last - p) - PROP_HEADER)
                broken("a property does not end");
            if (parser->collecting)
                collect_property(parser, p, (uint32_t)length);
            p += PROP_HEADER + ALIGN_UP(length, 4UL);
            continue;
        }
        p += 4;
        if (token == SWAPPED(FDT_BEGIN_NODE)) {
            begin_node(parser, (const char *)p);
            p = skip_name(p, last);
        } else if (token == SWAPPED(FDT_END_NODE)) {
            finish_properties(parser);
            if (--parser->depth <= 0)
                return;
        } else if (token != SWAPPED(FDT_NOP)) {
            break;
        }
    }
    broken("unknown token, or a node does not end");
}

static void read_reservations(const uint8_t *p, const uint8_t *end)
{
    for (;; p += 16) {
        if (end - p < 16)
            broken("the list of reserved ranges does not end");
        struct machine_range range = {be_cells(p, 2), be_cells(p + 8, 2)};
        if (range.start == 0 && range.size == 0)
            return;
        check_range(&range);
        *add_reserved() = range;
    }
}

/* --- after the pass --- */

/* The PLIC's property lists, context by context, (controller of a hart, interrupt of that hart). */
static void find_plic_contexts(const struct parser *parser)
{
    enum { ENTRY = 8, SUPERVISOR_EXTERNAL = 9 };
    const uint8_t *entry = parser->plic_contexts.bytes;
    for (uint32_t context = 0; context < parser->plic_contexts.length / ENTRY; context++) {
        uint32_t phandle = be32(entry), interrupt = be32(entry + 4);
        for (uint32_t i = 0; i < machine.nharts && interrupt == SUPERVISOR_EXTERNAL; i++)
            if (parser->intc_phandle[i] == phandle)
                machine.plic_context[i] = context;
        entry += ENTRY;
    }
}

static void check_machine(void)
{
    const struct machine_range *ram = &machine.ram, *initrd = &machine.initrd;
    if (ram->size == 0)
        broken("no memory where the kernel is");
    if (machine.nharts == 0)
        broken("no hart");
    if (machine.timebase_hz == 0)
        broken("no timebase-frequency");
    if (initrd->size > 0 && (initrd->start < ram->start || initrd->size > ram->size ||
                             initrd->start - ram->start > ram->size - initrd->size))
        broken("the initrd is not in memory");
}

static bool is_bad_block(uint32_t offset, uint32_t size, uint32_t total)
{
    return offset % 4 != 0 || offset > total || size > total - offset;
}

void machine_init(const void *fdt)
{
    const struct fdt_header *header = fdt;
    if ((uintptr_t)fdt % 4 != 0 || be32(&header->magic) != FDT_MAGIC)
        panic("no device tree at %p", fdt);
    uint32_t total = be32(&header->total_size);
    uint32_t structs = be32(&header->struct_offset), structs_size = be32(&header->struct_size);
    uint32_t strings = be32(&header->strings_offset), strings_size = be32(&header->strings_size);
    uint32_t reserve = be32(&header->reserve_offset);
    if (total < sizeof(*header) || total > FDT_MAX || be32(&header->version) < FDT_VERSION ||
        be32(&header->compatible_version) > FDT_VERSION ||
        is_bad_block(structs, structs_size, total) || is_bad_block(reserve, 0, total) ||
        strings > total || strings_size > total - strings)
        broken("bad header");

    const uint8_t *base = fdt;
    const uint8_t *last = base + structs + structs_size - 4; /* token of the structure block */
    struct parser parser; /* large, and not all of it needs a value */
    memset(parser.cache, 0, sizeof(parser.cache));
    memset(parser.values, 0, sizeof(parser.values)); /* the values of no node */
    parser.strings = (const char *)base + strings;
    parser.strings_size = strings_size;
    parser.depth = 0;
    parser.levels[0].kind = ABOVE_ROOT;
    parser.node = 0;
    parser.collecting = false;
    parser.plic_contexts.length = 0;
    if (structs_size < 8 || structs_size % 4 != 0 || be32(last) != FDT_END ||
        (strings_size > 0 && parser.strings[strings_size - 1] != '\0'))
        broken("a block does not end");

    parser.cache[0].property = find_property(&parser, 0); /* an empty entry means this one */
    machine.fdt = (struct machine_range){(uintptr_t)fdt, total};
    machine.bootargs = "";
    read_reservations(base + reserve, base + total);
    read_structure(&parser, base + structs, last);
    find_plic_contexts(&parser);
    check_machine();
}

static bool overlaps(const struct machine_range *range, uintptr_t start, uintptr_t end)
{
    return range->size > 0 && range->start < end && start < range->start + range->size;
}

bool machine_range_is_free(uintptr_t start, uintptr_t end)
{
    if (overlaps(&machine.fdt, start, end) || overlaps(&machine.initrd, start, end))
        return false;
    for (uint32_t i = 0; i < machine.nreserved; i++)
        if (overlaps(&machine.reserved[i], start, end))
            return false;
    return true;
}
