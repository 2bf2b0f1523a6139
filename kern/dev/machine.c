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
 * One pass over the stream, no recursion. At each node the parser steps over the properties, which
 * come first, and checks on the way that they lie inside the block; then it sees whether it knows the
 * node, and picks the properties it wants. What a node says to its children (how many cells an address
 * has, and what kind of node it is) is kept for each depth. Addresses on a bus are taken for addresses
 * of memory: `ranges` is not applied.
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

struct fdt_header {
    be32_t magic, total_size, struct_offset, strings_offset, reserve_offset;
    be32_t version, compatible_version, boot_hart, strings_size, struct_size;
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

static const struct property no_property; /* of length 0, like an empty one */

#define TEXT_MAX 20

/* The properties somebody asks for. */
enum name {
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

static const char names[NNAMES][TEXT_MAX] = {
    [COMPATIBLE] = "compatible",
    [REG] = "reg",
    [INTERRUPTS] = "interrupts",
    [INTERRUPTS_EXTENDED] = "interrupts-extended",
    [STATUS] = "status",
    [PHANDLE] = "phandle",
    [MMU_TYPE] = "mmu-type",
    [ADDRESS_CELLS] = "#address-cells",
    [SIZE_CELLS] = "#size-cells",
    [TIMEBASE_FREQUENCY] = "timebase-frequency",
    [BOOTARGS] = "bootargs",
    [INITRD_START] = "linux,initrd-start",
    [INITRD_END] = "linux,initrd-end",
    [RNG_SEED] = "rng-seed",
};

/* The nodes the parser knows: children of the root by their name, devices by a word of their
 * `compatible`, and the others by what their parent is. */
enum kind {
    UNKNOWN, /* or a device */
    ABOVE_ROOT,
    ROOT,
    CPUS,
    CPU,
    CHOSEN,
    MEMORY,
    RESERVED_MEMORY,
    VIRTIO,
    UART,
    PLIC,
    FINISHER,
    RTC,
};

static const struct known {
    char text[TEXT_MAX - 1];
    uint8_t kind;
} known_nodes[] =
    {
        {"cpus", CPUS},
        {"chosen", CHOSEN},
        {"memory", MEMORY},
        {"reserved-memory", RESERVED_MEMORY},
},
  known_devices[] = {
      {"virtio,mmio", VIRTIO}, {"ns16550a", UART},         {"sifive,plic-1.0.0", PLIC},
      {"riscv,plic0", PLIC},   {"sifive,test0", FINISHER}, {"google,goldfish-rtc", RTC},
};

/* What the children of a node want to know of it. */
struct level {
    enum kind kind;
    uint32_t address_cells, size_cells;
};

#define DEPTH_MAX 6 /* deeper nodes hold nothing for us */

struct parser {
    const uint8_t *last; /* the END token */
    const char *strings;
    uint32_t strings_size;

    /* The node being read. */
    const uint8_t *properties, *properties_end; /* checked: in one piece, inside the block */
    struct level *level;                        /* its own; the one before is its parent's */
    struct level levels[DEPTH_MAX + 1];         /* [0] is above the root */

    /* Where a name was last seen, as the tree spells places. It stores each name once, so this saves
     * nearly all comparisons; it need not, so a name seen elsewhere is compared. */
    be32_t places[NNAMES];

    uint32_t intc_phandle[MACHINE_HARTS_MAX]; /* of each hart's interrupt controller */
    const struct property *plic_contexts;     /* the interrupts-extended of the PLIC */
};

static void lacks(const char *what) __attribute__((noreturn));
static void lacks(const char *what)
{
    panic("the device tree lacks %s", what);
}

static void damaged(void) __attribute__((noreturn));
static void damaged(void)
{
    panic("the device tree is damaged");
}

static inline __attribute__((always_inline)) uint32_t swap32(uint32_t x)
{
    return x << 24 | (x & 0xff00) << 8 | (x >> 8 & 0xff00) | x >> 24;
}

/* `ncells` words as one number; the upper ones fall out if there are more than two. */
static uint64_t be_cells(const uint8_t *bytes, uint32_t ncells)
{
    const be32_t *cell = (const be32_t *)bytes;
    uint64_t number = 0;
    for (; ncells > 0; ncells--)
        number = number << 32 | swap32(*cell++);
    return number;
}

/* --- properties --- */

/* Nearly all lengths are below 256. */
static inline uint32_t length_of(const struct property *property)
{
    uint32_t length = property->length;
    return likely(length << 8 == 0) ? length >> 24
                                    : (uint32_t)be_cells((void *)&property->length, 1);
}

static inline const uint8_t *behind(const struct property *property, size_t length)
{
    return property->value + ALIGN_UP(length, sizeof(be32_t));
}

/* Returns the first token that is no property, having checked those before it. */
static const uint8_t *skip_properties(const struct parser *parser, const uint8_t *p)
{
    for (;;) {
        const struct property *property = (const struct property *)p;
        if (likely(property->token == FDT_PROP)) {
            size_t left = (size_t)(parser->last - p);
            size_t length = left < sizeof(*property) ? left : length_of(property);
            if (length > left - sizeof(*property))
                damaged();
            p = behind(property, length);
        } else if (property->token == FDT_NOP) {
            p += sizeof(be32_t);
        } else {
            return p;
        }
    }
}

static bool is_named(struct parser *parser, const struct property *property, enum name name)
{
    uint32_t offset = swap32(property->name);
    if (offset >= parser->strings_size)
        damaged();
    const char *found = parser->strings + offset;
    if (*found != names[name][0] || strcmp(found, names[name]) != 0)
        return false;
    parser->places[name] = property->name;
    return true;
}

/* The property of the current node. */
static const struct property *get(struct parser *parser, enum name name)
{
    const uint8_t *p = parser->properties;
    while (p < parser->properties_end) {
        const struct property *property = (const struct property *)p;
        if (property->token == FDT_NOP) {
            p += sizeof(be32_t);
            continue;
        }
        if (property->name == parser->places[name] || is_named(parser, property, name))
            return property;
        p = behind(property, length_of(property));
    }
    return &no_property;
}

static uint32_t get_u32(struct parser *parser, enum name name, uint32_t otherwise)
{
    const struct property *property = get(parser, name);
    return property->length ? (uint32_t)be_cells(property->value, 1) : otherwise;
}

/* "" also stands for a text without end. */
static const char *get_text(struct parser *parser, enum name name)
{
    const struct property *property = get(parser, name);
    uint32_t length = length_of(property);
    return length > 0 && property->value[length - 1] == '\0' ? (const char *)property->value : "";
}

/* An address of 32 or 64 bits, whatever the cells say. */
static uint64_t get_address(struct parser *parser, enum name name)
{
    const struct property *property = get(parser, name);
    return be_cells(property->value, length_of(property) / sizeof(be32_t));
}

/* The (address, size) at offset *at of `reg`, in the cells of the parent; moves *at behind it. False:
 * there is none. */
static bool next_range(struct parser *parser, uint32_t *at, struct machine_range *range)
{
    const struct property *reg = get(parser, REG);
    const struct level *parent = parser->level - 1;
    uint32_t size = 4 * (parent->address_cells + parent->size_cells);
    if (parent->address_cells > 2 || parent->size_cells > 2 || *at + size > length_of(reg))
        return false;
    range->start = be_cells(reg->value + *at, parent->address_cells);
    range->size = be_cells(reg->value + *at + 4 * parent->address_cells, parent->size_cells);
    if (range->start + range->size < range->start)
        damaged();
    *at += size;
    return size > 0;
}

static bool is_okay(struct parser *parser)
{
    const char *status = get_text(parser, STATUS);
    return *status == '\0' || *status == 'o'; /* okay; else disabled, reserved, fail */
}

/* --- nodes --- */

static void read_memory(struct parser *parser)
{
    struct machine_range bank;
    for (uint32_t at = 0; next_range(parser, &at, &bank);)
        if ((uintptr_t)image_start - bank.start < bank.size)
            machine.ram = bank;
}

static struct machine_range *new_reserved(void)
{
    if (machine.nreserved == ARRAY_LEN(machine.reserved))
        panic("the device tree reserves too many ranges");
    return &machine.reserved[machine.nreserved++];
}

static void read_reserved(struct parser *parser)
{
    struct machine_range range;
    for (uint32_t at = 0; next_range(parser, &at, &range);)
        *new_reserved() = range;
}

static void read_chosen(struct parser *parser)
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

/* Only harts have this property; one without an MMU cannot run this kernel. */
static enum kind read_cpu(struct parser *parser)
{
    uint32_t i = machine.nharts;
    if (get(parser, MMU_TYPE) == &no_property || !is_okay(parser) || i == MACHINE_HARTS_MAX)
        return UNKNOWN;
    machine.hartids[i] = get_u32(parser, REG, 0);
    machine.plic_context[i] = PLIC_NO_CONTEXT;
    parser->intc_phandle[i] = 0;
    machine.nharts++;
    return CPU;
}

static void read_cpu_child(struct parser *parser)
{
    if (strcmp(get_text(parser, COMPATIBLE), "riscv,cpu-intc") == 0)
        parser->intc_phandle[machine.nharts - 1] = get_u32(parser, PHANDLE, 0);
}

static struct machine_device *single_device(enum kind kind)
{
    switch (kind) {
    case UART:
        return &machine.uart;
    case PLIC:
        return &machine.plic;
    case FINISHER:
        return &machine.finisher;
    default:
        return &machine.rtc;
    }
}

/* Keeps virtio devices sorted by address. QEMU's tree lists them from the highest address down, so the
 * array is filled from its end: then nothing has to move. */
static void add_virtio(const struct machine_device *device)
{
    if (device->irq == 0 || machine.nvirtio == MACHINE_VIRTIO_MAX)
        return;
    machine.nvirtio++;
    struct machine_device *slot = --machine.virtio, *end = slot + machine.nvirtio;
    for (; slot + 1 < end && slot[1].base < device->base; slot++)
        slot[0] = slot[1];
    *slot = *device;
}

/* Of each kind but virtio the first counts. */
static void add_device(struct parser *parser, enum kind kind)
{
    struct machine_range reg;
    uint32_t at = 0;
    if (!is_okay(parser) || !next_range(parser, &at, &reg) || reg.size == 0)
        return;
    struct machine_device device = {reg.start, reg.size, get_u32(parser, INTERRUPTS, 0)};
    if (kind == VIRTIO) {
        add_virtio(&device);
        return;
    }
    struct machine_device *single = single_device(kind);
    if (single->size > 0)
        return;
    *single = device;
    if (kind == PLIC)
        parser->plic_contexts = get(parser, INTERRUPTS_EXTENDED);
}

/* The kind of node this text stands for; in the name of a node it ends with '@'. */
static enum kind find_kind(const struct known *known, size_t n, const char *text)
{
    for (; n > 0; known++, n--) {
        const char *k = known->text, *t = text;
        while (*k && *k == *t)
            k++, t++;
        if (*k == '\0' && (*t == '\0' || *t == '@'))
            return known->kind;
    }
    return UNKNOWN;
}

/* `compatible` is a list of texts, the most specific first. */
static void read_device(struct parser *parser)
{
    const char *text = get_text(parser, COMPATIBLE);
    const char *end = text + length_of(get(parser, COMPATIBLE));
    enum kind kind = UNKNOWN;
    for (; *text && text < end && kind == UNKNOWN; text += strlen(text) + 1)
        kind = find_kind(known_devices, ARRAY_LEN(known_devices), text);
    if (kind != UNKNOWN)
        add_device(parser, kind);
}

static enum kind read_node(struct parser *parser, const char *name)
{
    enum kind parent = parser->level[-1].kind;
    enum kind kind = UNKNOWN;
    if (parent == ABOVE_ROOT)
        kind = ROOT;
    else if (parent == ROOT)
        kind = find_kind(known_nodes, ARRAY_LEN(known_nodes), name);
    else if (parent == CPUS)
        kind = read_cpu(parser);
    else if (parent == CPU)
        read_cpu_child(parser);
    else if (parent == RESERVED_MEMORY)
        read_reserved(parser);

    if (kind == CPUS)
        machine.timebase_hz = get_u32(parser, TIMEBASE_FREQUENCY, 0);
    else if (kind == CHOSEN)
        read_chosen(parser);
    else if (kind == MEMORY)
        read_memory(parser);
    else if (kind == UNKNOWN)
        read_device(parser);
    return kind;
}

/* --- the blocks --- */

/* The name is padded with NULs: the word that ends it is the first that has a NUL at its end. */
static const uint8_t *skip_name(const struct parser *parser, const uint8_t *p)
{
    do {
        if (p >= parser->last)
            damaged();
        p += 4;
    } while (p[-1] != '\0');
    return p;
}

/* Reads the node whose name is at p, but not its children; returns what follows. */
static const uint8_t *begin_node(struct parser *parser, const uint8_t *p, int depth)
{
    parser->properties = skip_name(parser, p);
    parser->properties_end = skip_properties(parser, parser->properties);
    if (depth >= DEPTH_MAX)
        return parser->properties_end;
    struct level *level = parser->level = &parser->levels[depth + 1];
    level->kind = read_node(parser, (const char *)p);
    if (*(const be32_t *)parser->properties_end == FDT_BEGIN_NODE) { /* it has children */
        level->address_cells = get_u32(parser, ADDRESS_CELLS, 2);    /* the standard's defaults */
        level->size_cells = get_u32(parser, SIZE_CELLS, 1);
    }
    return parser->properties_end;
}

static void read_structure(struct parser *parser, const uint8_t *p)
{
    int depth = 0;
    do {
        be32_t token = *(const be32_t *)p;
        if (token == FDT_BEGIN_NODE) {
            p = begin_node(parser, p + 4, depth++);
        } else if (token == FDT_END_NODE) {
            p += 4;
            depth--;
        } else { /* properties behind a child, where they must not be, are not read */
            const uint8_t *next = skip_properties(parser, p);
            if (next == p)
                damaged();
            p = next;
        }
    } while (depth > 0);
}

static void read_reservations(const uint8_t *p, const uint8_t *end)
{
    for (;; p += 16) {
        if (end - p < 16)
            damaged();
        struct machine_range range = {be_cells(p, 2), be_cells(p + 8, 2)};
        if (range.start == 0 && range.size == 0)
            return;
        *new_reserved() = range;
    }
}

/* The PLIC's property lists, context by context, (controller of a hart, interrupt of that hart). */
static void find_plic_contexts(const struct parser *parser)
{
    enum { ENTRY = 8, SUPERVISOR_EXTERNAL = 9 };
    const uint8_t *entry = parser->plic_contexts->value;
    uint32_t ncontexts = length_of(parser->plic_contexts) / ENTRY;
    for (uint32_t context = 0; context < ncontexts; context++, entry += ENTRY) {
        if (be_cells(entry + 4, 1) != SUPERVISOR_EXTERNAL)
            continue;
        uint32_t phandle = (uint32_t)be_cells(entry, 1);
        for (uint32_t i = 0; i < machine.nharts; i++)
            if (parser->intc_phandle[i] == phandle)
                machine.plic_context[i] = context;
    }
}

static void check_machine(void)
{
    const struct machine_range *ram = &machine.ram, *initrd = &machine.initrd;
    if (ram->size == 0)
        lacks("memory where the kernel is");
    if (machine.nharts == 0)
        lacks("a hart");
    if (machine.timebase_hz == 0)
        lacks("the timebase-frequency");
    if (initrd->size > 0 && (initrd->start < ram->start || initrd->size > ram->size ||
                             initrd->start - ram->start > ram->size - initrd->size))
        panic("the initrd is not in memory");
}

/* Whether a block lies inside of `total` bytes, and is aligned. */
static bool is_inside(uint32_t offset, uint32_t size, uint32_t align, uint32_t total)
{
    return offset % align == 0 && offset <= total && size <= total - offset;
}

static bool is_good_header(const struct fdt_header *header)
{
    uint32_t total = header->total_size;
    return total <= FDT_MAX && header->version >= FDT_VERSION &&
           header->compatible_version <= FDT_VERSION && header->strings_size > 0 &&
           header->struct_size >= 8 && header->struct_size % 4 == 0 &&
           is_inside(header->struct_offset, header->struct_size, 4, total) &&
           is_inside(header->strings_offset, header->strings_size, 1, total) &&
           is_inside(header->reserve_offset, 0, 4, total);
}

void machine_init(const void *fdt)
{
    enum { NWORDS = sizeof(struct fdt_header) / sizeof(be32_t) };
    be32_t words[NWORDS];
    for (int i = 0; i < NWORDS; i++)
        words[i] = (uint32_t)be_cells((const uint8_t *)fdt + 4 * i, 1);
    const struct fdt_header *header = (const struct fdt_header *)words;
    if ((uintptr_t)fdt % 4 != 0 || header->magic != FDT_MAGIC)
        panic("no device tree at %p", fdt);
    if (!is_good_header(header))
        damaged();

    const uint8_t *base = fdt;
    struct parser parser;
    memset(&parser, 0xff, sizeof(parser)); /* no name is at place -1 */
    parser.last = base + header->struct_offset + header->struct_size - 4;
    parser.strings = (const char *)base + header->strings_offset;
    parser.strings_size = header->strings_size;
    parser.levels[0].kind = ABOVE_ROOT;
    parser.plic_contexts = &no_property;
    if (*(const be32_t *)parser.last != FDT_END || parser.strings[parser.strings_size - 1] != '\0')
        damaged();
    machine.fdt = (struct machine_range){(uintptr_t)fdt, header->total_size};
    machine.bootargs = "";
    machine.virtio = machine.virtio_slots + MACHINE_VIRTIO_MAX;
    read_reservations(base + header->reserve_offset, base + header->total_size);
    read_structure(&parser, base + header->struct_offset);
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
