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
 * One pass over the stream, no recursion. A node begins with its properties: the parser notes where
 * those it knows are, then does with the node what its name, its parent or its `compatible` asks for.
 * What a node says to its children (how many cells an address has, and what kind of node it is) is kept
 * for each depth. Addresses on a bus are taken for addresses of memory: `ranges` is not applied.
 *
 * The parser trusts nothing but the total size. Three checks before the first token make the rest
 * cheap: the blocks lie inside the tree, the structure block ends with END, and the strings block
 * ends with a NUL. It is part of every image and every boot: its bytes and its instructions count.
 */
#include "kern/dev/machine.h"
#include "kern/core/panic.h"
#include "kern/core/string.h"

struct machine machine;

extern const char image_start[]; /* from the linker script: where this kernel begins */

typedef uint32_t __attribute__((may_alias)) be32_t; /* big endian, 4-byte aligned */

/* The words of the header, in our byte order. */
struct header {
    size_t magic, total_size, struct_offset, strings_offset, reserve_offset;
    size_t version, compatible_version, boot_hart, strings_size, struct_size;
};

#define FDT_MAGIC   0xd00dfeedU
#define FDT_VERSION 17        /* the version this parser reads */
#define FDT_MAX     (1 * MiB) /* larger is a broken header */

#define SWAPPED(x) ((uint32_t)(x) << 24) /* a number below 256 as it looks in the tree */

enum fdt_token {
    FDT_BEGIN_NODE = SWAPPED(1),
    FDT_END_NODE = SWAPPED(2),
    FDT_PROP = SWAPPED(3),
    FDT_NOP = SWAPPED(4),
    FDT_END = SWAPPED(9),
};

/* A property in the structure block. */
struct property {
    be32_t token, length, name;
    uint8_t value[];
};

static const struct property no_property; /* as if it were there and empty */

/* --- what the parser knows --- */

struct known {
    char text[20];
    uint16_t meaning;
};

enum name {
    UNKNOWN_NAME,
    COMPATIBLE,
    REG,
    INTERRUPTS,
    INTERRUPTS_EXTENDED,
    STATUS,
    PHANDLE,
    MMU_TYPE,
    ADDRESS_CELLS,
    SIZE_CELLS,
    TIMEBASE_FREQUENCY,
    BOOTARGS,
    INITRD_START,
    INITRD_END,
    RNG_SEED,
    NNAMES,
};

static const struct known known_names[] = {
    {"compatible", COMPATIBLE},
    {"reg", REG},
    {"interrupts", INTERRUPTS},
    {"interrupts-extended", INTERRUPTS_EXTENDED},
    {"status", STATUS},
    {"phandle", PHANDLE},
    {"mmu-type", MMU_TYPE},
    {"#address-cells", ADDRESS_CELLS},
    {"#size-cells", SIZE_CELLS},
    {"timebase-frequency", TIMEBASE_FREQUENCY},
    {"bootargs", BOOTARGS},
    {"linux,initrd-start", INITRD_START},
    {"linux,initrd-end", INITRD_END},
    {"rng-seed", RNG_SEED},
};

enum node_kind { PLAIN, ABOVE_ROOT, ROOT, CPUS, CPU, CHOSEN, MEMORY, RESERVED_MEMORY };

/* Children of the root, by name. */
static const struct known known_nodes[] = {
    {"cpus", CPUS},
    {"chosen", CHOSEN},
    {"memory", MEMORY},
    {"reserved-memory", RESERVED_MEMORY},
};

/* Devices, by a word of their `compatible`; where in `machine` they belong. */
static const struct known known_devices[] = {
    {"virtio,mmio", offsetof(struct machine, virtio)},
    {"ns16550a", offsetof(struct machine, uart)},
    {"sifive,plic-1.0.0", offsetof(struct machine, plic)},
    {"riscv,plic0", offsetof(struct machine, plic)},
    {"sifive,test0", offsetof(struct machine, finisher)},
    {"google,goldfish-rtc", offsetof(struct machine, rtc)},
};

/* --- the parser's state --- */

/* What the children of a node want to know of it. */
struct level {
    enum node_kind kind;
    uint32_t address_cells, size_cells;
};

#define DEPTH_MAX  16 /* real trees have half of that */
#define CACHE_SIZE 64 /* entries, a power of two */

struct parser {
    const uint8_t *last; /* the END token */
    const char *strings;
    size_t strings_size;

    const uint8_t *properties;            /* where those of the current node begin */
    const struct property *found[NNAMES]; /* by name; before `properties`: an earlier node's */
    struct level *level;                  /* of the current node; the one before is its parent's */
    struct level levels[DEPTH_MAX + 1];   /* [0] is above the root */

    /* A tree stores each name once and uses it many times, so where a name is stands for the name. A
     * direct-mapped cache, by the place as it is spelt in the tree. */
    be32_t cached_places[CACHE_SIZE];
    uint8_t cached_names[CACHE_SIZE];
};

/* What machine_plic_context() needs to know. */
static const struct property *plic_contexts;      /* interrupts-extended of the PLIC */
static uint32_t intc_phandles[MACHINE_HARTS_MAX]; /* each hart's interrupt controller */

static void bad_tree(const char *what) __attribute__((noreturn));
static void bad_tree(const char *what)
{
    panic("the device tree %s", what);
}

static void damaged(void) __attribute__((noreturn));
static void damaged(void)
{
    bad_tree("is damaged");
}

/* `ncells` words as one number; the upper ones fall out if there are more than two. */
static uint64_t be_cells(const void *cells, size_t ncells)
{
    uint64_t number = 0;
    for (const be32_t *cell = cells; ncells > 0; cell++, ncells--) {
        uint32_t x = *cell;
        number = number << 32 | x << 24 | (x & 0xff00) << 8 | (x >> 8 & 0xff00) | x >> 24;
    }
    return number;
}

static size_t be32(const void *number)
{
    return be_cells(number, 1);
}

/* What `text` means: a name, or a node's name up to its '@'. 0: nothing we know. */
static unsigned find_text(const struct known *known, size_t n, const char *text)
{
    const struct known *end = known + n;
    char first = *text;
    do {
        if (known->text[0] != first) /* nearly always */
            continue;
        const char *k = known->text, *t = text;
        do
            k++, t++;
        while (*k == *t && *k);
        if (*k == '\0' && (*t == '\0' || *t == '@'))
            return known->meaning;
    } while (++known < end);
    return 0;
}

/* --- properties --- */

/* Nearly all lengths are below 256. */
static inline size_t length_of(const struct property *property)
{
    be32_t length = property->length;
    return likely(length << 8 == 0) ? length >> 24 : be32(&property->length);
}

static void cache_name(struct parser *parser, be32_t place, size_t slot)
{
    size_t offset = be32(&place);
    if (offset >= parser->strings_size)
        damaged();
    parser->cached_places[slot] = place;
    parser->cached_names[slot] =
        find_text(known_names, ARRAY_LEN(known_names), parser->strings + offset);
}

/* Notes the properties from p on; returns the first token that is none. */
static const uint8_t *read_properties(struct parser *parser, const uint8_t *p)
{
    parser->properties = p;
    for (;;) {
        const struct property *property = (const struct property *)p;
        if (unlikely(property->token != FDT_PROP)) {
            if (property->token != FDT_NOP)
                return p;
            p += sizeof(be32_t);
            continue;
        }
        size_t left = (size_t)(parser->last - p), length = 0;
        if (left < sizeof(*property) || (length = length_of(property)) > left - sizeof(*property))
            damaged();
        be32_t place = property->name;
        size_t slot = place >> 24 & (CACHE_SIZE - 1);
        if (unlikely(parser->cached_places[slot] != place))
            cache_name(parser, place, slot);
        parser->found[parser->cached_names[slot]] = property;
        p = property->value + ALIGN_UP(length, sizeof(be32_t));
    }
}

/* The property of the current node. */
static const struct property *get(const struct parser *parser, enum name name)
{
    const struct property *property = parser->found[name];
    return (const uint8_t *)property >= parser->properties ? property : &no_property;
}

static size_t get_u32(const struct parser *parser, enum name name, size_t otherwise)
{
    const struct property *property = get(parser, name);
    return property->length ? be32(property->value) : otherwise;
}

/* "" also stands for a text without end. */
static const char *get_text(const struct parser *parser, enum name name)
{
    const struct property *property = get(parser, name);
    size_t length = length_of(property);
    return length > 0 && property->value[length - 1] == '\0' ? (const char *)property->value : "";
}

/* An address of 32 or 64 bits, whatever the cells say. */
static uint64_t get_address(const struct parser *parser, enum name name)
{
    const struct property *property = get(parser, name);
    return be_cells(property->value, length_of(property) / sizeof(be32_t));
}

/* The (address, size) at offset *at of `reg`, in the cells of the parent; moves *at behind it. False:
 * there is none. */
static bool next_range(const struct parser *parser, size_t *at, struct machine_range *range)
{
    const struct property *reg = get(parser, REG);
    size_t address_cells = parser->level[-1].address_cells;
    size_t size_cells = parser->level[-1].size_cells;
    size_t size_at = *at + address_cells * sizeof(be32_t);
    size_t end = size_at + size_cells * sizeof(be32_t);
    if (address_cells > 2 || size_cells > 2 || end > length_of(reg) || end == *at)
        return false;
    range->start = be_cells(reg->value + *at, address_cells);
    range->size = be_cells(reg->value + size_at, size_cells);
    if (range->start + range->size < range->start)
        damaged();
    *at = end;
    return true;
}

static bool is_okay(const struct parser *parser)
{
    const char *status = get_text(parser, STATUS);
    return *status == '\0' || *status == 'o'; /* okay; else disabled, reserved, fail */
}

/* --- nodes --- */

static void read_memory(const struct parser *parser)
{
    struct machine_range bank;
    for (size_t at = 0; next_range(parser, &at, &bank);)
        if ((uintptr_t)image_start - bank.start < bank.size)
            machine.ram = bank;
}

static void add_reserved(const struct machine_range *range)
{
    if (machine.nreserved == ARRAY_LEN(machine.reserved))
        bad_tree("reserves too many ranges");
    machine.reserved[machine.nreserved++] = *range;
}

static void read_reserved(const struct parser *parser)
{
    struct machine_range range;
    for (size_t at = 0; next_range(parser, &at, &range);)
        add_reserved(&range);
}

static void read_chosen(const struct parser *parser)
{
    machine.bootargs = get_text(parser, BOOTARGS);
    machine.initrd.start = get_address(parser, INITRD_START);
    uint64_t initrd_end = get_address(parser, INITRD_END);
    if (initrd_end > machine.initrd.start)
        machine.initrd.size = initrd_end - machine.initrd.start;
    const struct property *seed = get(parser, RNG_SEED);
    machine.rng_seed_length = MIN(length_of(seed), (uint32_t)MACHINE_RNG_SEED);
    memcpy(machine.rng_seed, seed->value, machine.rng_seed_length);
}

/* Only harts have an mmu-type; one without an MMU cannot run this kernel. */
static enum node_kind read_cpu(const struct parser *parser)
{
    if (get(parser, MMU_TYPE) == &no_property || !is_okay(parser) ||
        machine.nharts == MACHINE_HARTS_MAX)
        return PLAIN;
    intc_phandles[machine.nharts] = 0;
    machine.hartids[machine.nharts++] = get_u32(parser, REG, 0);
    return CPU;
}

static void read_cpu_child(const struct parser *parser)
{
    if (strcmp(get_text(parser, COMPATIBLE), "riscv,cpu-intc") == 0)
        intc_phandles[machine.nharts - 1] = get_u32(parser, PHANDLE, 0);
}

/* Of virtio devices several count, of every other kind the first. */
static void add_device(const struct parser *parser, struct machine_device *place)
{
    struct machine_range reg;
    size_t at = 0, irq = get_u32(parser, INTERRUPTS, 0);
    if (place == machine.virtio) {
        if (irq == 0 || machine.nvirtio == MACHINE_VIRTIO_MAX)
            return;
        place += machine.nvirtio;
    }
    if (place->size > 0 || !is_okay(parser) || !next_range(parser, &at, &reg))
        return;
    *place = (struct machine_device){reg.start, reg.size, irq};
    if (place == &machine.plic)
        plic_contexts = get(parser, INTERRUPTS_EXTENDED);
    if (place >= machine.virtio)
        machine.nvirtio++;
}

/* `compatible` is a list of texts, the most specific first. */
static void read_device(const struct parser *parser)
{
    const char *text = get_text(parser, COMPATIBLE);
    const char *end = text + length_of(get(parser, COMPATIBLE));
    for (; *text && text < end; text += strlen(text) + 1) {
        unsigned offset = find_text(known_devices, ARRAY_LEN(known_devices), text);
        if (offset) {
            add_device(parser, (void *)((char *)&machine + offset));
            return;
        }
    }
}

static enum node_kind read_below_root(const struct parser *parser, const char *name)
{
    enum node_kind kind = find_text(known_nodes, ARRAY_LEN(known_nodes), name);
    if (kind == CPUS)
        machine.timebase_hz = get_u32(parser, TIMEBASE_FREQUENCY, 0);
    else if (kind == CHOSEN)
        read_chosen(parser);
    else if (kind == MEMORY)
        read_memory(parser);
    else if (kind == PLAIN)
        read_device(parser);
    return kind;
}

static enum node_kind read_node(const struct parser *parser, const char *name)
{
    switch (parser->level[-1].kind) {
    case ABOVE_ROOT: return ROOT;
    case ROOT: return read_below_root(parser, name);
    case CPUS: return read_cpu(parser);
    case CPU: read_cpu_child(parser); break;
    case RESERVED_MEMORY: read_reserved(parser); break;
    default: read_device(parser);
    }
    return PLAIN;
}

/* --- the blocks --- */

/* The name is padded with NULs: the word that ends it is the first that has a NUL at its end. */
static const uint8_t *skip_name(const struct parser *parser, const uint8_t *p)
{
    do {
        if (p >= parser->last)
            damaged();
        p += sizeof(be32_t);
    } while (p[-1] != '\0');
    return p;
}

static const uint8_t *begin_node(struct parser *parser, const uint8_t *p)
{
    const char *name = (const char *)p;
    p = read_properties(parser, skip_name(parser, p));
    struct level *level = ++parser->level;
    if (level > parser->levels + DEPTH_MAX)
        damaged();
    level->kind = read_node(parser, name);
    if (*(const be32_t *)p == FDT_BEGIN_NODE) {                   /* it has children */
        level->address_cells = get_u32(parser, ADDRESS_CELLS, 2); /* the specification's defaults */
        level->size_cells = get_u32(parser, SIZE_CELLS, 1);
    }
    return p;
}

static void read_structure(struct parser *parser, const uint8_t *p)
{
    for (;;) {
        be32_t token = *(const be32_t *)p;
        p += sizeof(be32_t);
        if (token == FDT_BEGIN_NODE) {
            p = begin_node(parser, p);
        } else if (token == FDT_PROP) { /* behind a child, where it must not be: not read */
            p = read_properties(parser, p - sizeof(be32_t));
        } else if (token == FDT_END_NODE) {
            if (--parser->level <= parser->levels)
                return;
        } else if (token != FDT_NOP) {
            damaged();
        }
    }
}

static void read_reservations(const uint8_t *p, const uint8_t *end)
{
    for (;; p += 16) {
        if (end - p < 16)
            damaged();
        struct machine_range range = {be_cells(p, 2), be_cells(p + 8, 2)};
        if (range.start == 0 && range.size == 0)
            return;
        add_reserved(&range);
    }
}

static void check_machine(void)
{
    const struct machine_range *ram = &machine.ram, *initrd = &machine.initrd;
    if (ram->size == 0)
        bad_tree("lists no memory where the kernel is");
    if (machine.nharts == 0)
        bad_tree("lists no hart");
    if (machine.timebase_hz == 0)
        bad_tree("lacks the timebase-frequency");
    if (initrd->size > 0 && (initrd->start < ram->start || initrd->size > ram->size ||
                             initrd->start - ram->start > ram->size - initrd->size))
        bad_tree("puts the initrd outside of memory");
}

/* Whether a block of words lies inside of `total` bytes. */
static bool is_inside(size_t offset, size_t size, size_t total)
{
    return (offset | size) % sizeof(be32_t) == 0 && offset + size <= total;
}

static void read_header(struct header *header, const void *fdt)
{
    size_t *word = &header->magic;
    for (size_t at = 0; at < sizeof(*header) / sizeof(*word); at++)
        word[at] = be32((const be32_t *)fdt + at);
    size_t total = header->total_size;
    if (header->magic != FDT_MAGIC)
        panic("no device tree at %p", fdt);
    if (total > FDT_MAX || header->version < FDT_VERSION ||
        header->compatible_version > FDT_VERSION || header->struct_size < 8 ||
        !is_inside(header->struct_offset, header->struct_size, total) ||
        !is_inside(header->reserve_offset, 0, total) || header->strings_size == 0 ||
        header->strings_offset + header->strings_size > total)
        damaged();
}

void machine_init(const void *fdt)
{
    const uint8_t *base = fdt;
    struct header header;
    read_header(&header, fdt);

    struct parser parser = {
        .last = base + header.struct_offset + header.struct_size - sizeof(be32_t),
        .strings = (const char *)base + header.strings_offset,
        .strings_size = header.strings_size,
        .levels[0].kind = ABOVE_ROOT,
    };
    parser.level = parser.levels;
    memset(parser.cached_places, 0xff, sizeof(parser.cached_places)); /* no name is there */
    if (*(const be32_t *)parser.last != FDT_END || parser.strings[parser.strings_size - 1] != '\0')
        damaged();

    machine.fdt = (struct machine_range){(uintptr_t)fdt, header.total_size};
    machine.bootargs = "";
    plic_contexts = &no_property;
    read_reservations(base + header.reserve_offset, base + header.total_size);
    read_structure(&parser, base + header.struct_offset);
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

/* The PLIC lists its contexts as pairs: controller of a hart, interrupt of that hart. */
uint32_t machine_plic_context(uint32_t hartid)
{
    enum { ENTRY = 8, SUPERVISOR_EXTERNAL = 9 };
    size_t hart = 0;
    while (hart < machine.nharts && machine.hartids[hart] != hartid)
        hart++;
    const uint8_t *entry = plic_contexts->value;
    for (size_t context = 0; context < length_of(plic_contexts) / ENTRY; context++, entry += ENTRY)
        if (hart < machine.nharts && be32(entry) == intc_phandles[hart] &&
            be32(entry + 4) == SUPERVISOR_EXTERNAL)
            return context;
    return PLIC_NO_CONTEXT;
}

const struct machine_device *machine_virtio(uint32_t i)
{
    const struct machine_device *first = machine.virtio, *end = first + machine.nvirtio;
    for (const struct machine_device *device = first; device < end; device++) {
        uint32_t nbefore = 0;
        for (const struct machine_device *other = first; other < end; other++)
            nbefore +=
                other->base < device->base || (other->base == device->base && other < device);
        if (nbefore == i)
            return device;
    }
    return NULL;
}
