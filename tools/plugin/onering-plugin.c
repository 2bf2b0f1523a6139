/* Exact counts of guest instructions, from outside the guest: a QEMU plugin.
 *
 *   -plugin onering-plugin.so,out=FILE[,from=ADDR,to=ADDR]...[,stretches=on][,ring=FILE]
 *                            [,notify=FD][,budget=N]
 *
 *   out        where the results go when QEMU ends, as JSON (read by grade/profile.py)
 *   from, to   a region: how many instructions a hart executes from the moment it is about to
 *              execute the one at `from` until it is about to execute the one at `to`
 *   stretches  also say how often each piece of code ran: profiles and coverage come from that
 *   ring       a flight recorder: a file, mapped, which always holds where each hart was last,
 *              and stays when QEMU is killed
 *   notify     an open file descriptor that is told, a line each:
 *                  spin HART ADDR     the hart runs an instruction that jumps to itself
 *                  budget HART ADDR   the hart has used up its budget
 *   budget     a hart that has executed so many instructions stops there for good; the results are
 *              written then, and whoever listens at `notify` ends the machine
 *
 * A hart that waits (wfi) executes nothing, so idle time is never counted.
 *
 * How it can be exact and still fast. QEMU translates guest code in blocks. To count a whole
 * block when it is entered would be wrong when a fault leaves it in the middle; to count each
 * instruction is slow. So a block is cut into *stretches*, which always run to their end:
 *
 *      addi  sp,sp,-32   |                  |
 *      sd    ra,24(sp)   | stretch, n = 2   |   a load or store may fault, and so
 *      sd    s0,16(sp)   | stretch, n = 1   |   ends its stretch; and what a region
 *      addi  s0,sp,32    |                  |   begins or ends at starts one
 *      beqz  a0,1f       | stretch, n = 2   |
 *
 * and a callback at the first instruction of each adds n to the count of the hart that runs it.
 * An instruction that traps has been begun, and is counted.
 */

#include "qemu-api.h"
#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    MAX_HARTS = 512,
    MAX_REGIONS = 16,
    MAX_CROSSINGS = 1 << 20, /* kept one by one; minimum, mean and maximum go on */
    RING_ENTRIES = 1024,     /* a power of two */
    LOOP_MAX = 8,            /* stretches of a loop the ring holds only once */
    BUCKETS = 1 << 14,
    BLOCK_MAX = 1024, /* more instructions than QEMU ever puts into one block */
};

/* Instructions that always run together. Never freed, as translations come and go. */
struct stretch {
    struct stretch *next; /* in its bucket; guarded by `lock` */
    uint64_t pc;
    bool is_mark;    /* a region begins or ends here */
    bool is_spin;    /* a jump to itself */
    unsigned count;  /* instructions */
    char *sizes;     /* "242": the size of each */
    uint64_t runs[]; /* by hart; each written by its hart only */
};

struct crossing {
    unsigned hart;
    uint64_t count;
};

struct region {
    uint64_t from, to;
    uint64_t opened[MAX_HARTS]; /* the hart's count at `from`, plus 1; 0: not inside */
    struct crossing *crossings; /* guarded by `lock`, as all below */
    uint64_t ncrossings, min, max, sum;
};

/* What a hart writes into the flight recorder. The layout is known to grade/profile.py. */
struct recorder_hart {
    uint64_t executed;
    uint64_t pc;      /* the stretch it is in now */
    uint64_t written; /* entries ever written; the next goes to written % RING_ENTRIES */
    uint64_t pcs[RING_ENTRIES];
};

struct recorder {
    char magic[8];
    uint64_t nharts;
    uint64_t nentries;
    struct recorder_hart harts[];
};

QEMU_PLUGIN_EXPORT int qemu_plugin_version;

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct stretch *buckets[BUCKETS];
static struct region regions[MAX_REGIONS];
static unsigned nregions;
static unsigned nharts;
static int api;         /* version of the interface of the QEMU we run in */
static void *insn_data; /* its qemu_plugin_insn_data() */
static const char *out_path;
static const char *ring_path;
static bool want_stretches;
static int notify_fd = -1;
static uint64_t budget = UINT64_MAX;
static uint64_t told_spin[MAX_HARTS]; /* where the hart was when it was last told of */
static struct recorder *recorder;     /* in a shared file, or in memory of our own */

static void write_results(qemu_plugin_id_t id, void *userdata);

/* ---- while the guest runs --------------------------------------------------------------- */

static void region_add(struct region *region, unsigned hart, uint64_t count)
{
    pthread_mutex_lock(&lock);
    if (region->ncrossings < MAX_CROSSINGS)
        region->crossings[region->ncrossings] = (struct crossing){hart, count};
    if (region->ncrossings == 0 || count < region->min)
        region->min = count;
    if (count > region->max)
        region->max = count;
    region->sum += count;
    region->ncrossings++;
    pthread_mutex_unlock(&lock);
}

/* `hart` is about to execute the instruction at `pc`. A region is left before it is entered, so
 * that one which ends where it begins counts a whole loop. Entered twice, the last time counts. */
static void mark_reached(unsigned hart, uint64_t pc, uint64_t executed)
{
    for (struct region *region = regions; region < regions + nregions; region++) {
        uint64_t *opened = &region->opened[hart];

        if (pc == region->to && *opened) {
            region_add(region, hart, executed - (*opened - 1));
            *opened = 0;
        }
        if (pc == region->from)
            *opened = executed + 1;
    }
}

/* A small loop is recorded once: a hang, mostly a small loop, must not push out of the ring how
 * it was reached. */
static void record(struct recorder_hart *hart, uint64_t pc)
{
    hart->pc = pc;
    for (unsigned back = 1; back <= LOOP_MAX; back++)
        if (hart->pcs[(hart->written - back) % RING_ENTRIES] == pc)
            return;
    hart->pcs[hart->written % RING_ENTRIES] = pc;
    hart->written++;
}

static void tell(const char *what, unsigned hart, uint64_t pc)
{
    char line[64];
    int length = snprintf(line, sizeof(line), "%s %u %#lx\n", what, hart, (unsigned long)pc);

    if (notify_fd >= 0 && write(notify_fd, line, (size_t)length) != length)
        notify_fd = -1; /* nobody listens */
}

/* Told once for each place, and not before its second turn: by then the registers that the code in
 * front of it has set can be seen from outside. */
static void spin_reached(unsigned hart, uint64_t pc)
{
    if (recorder->harts[hart].pc != pc || told_spin[hart] == pc)
        return;
    told_spin[hart] = pc;
    tell("spin", hart, pc);
}

static void budget_used_up(unsigned hart, uint64_t pc) __attribute__((noreturn));
static void budget_used_up(unsigned hart, uint64_t pc)
{
    write_results(0, NULL);
    tell("budget", hart, pc);
    for (;;)
        pause();
}

static void stretch_entered(unsigned hart, void *userdata)
{
    struct stretch *stretch = userdata;
    struct recorder_hart *state = &recorder->harts[hart];

    if (state->executed >= budget)
        budget_used_up(hart, stretch->pc);
    if (stretch->is_spin)
        spin_reached(hart, stretch->pc);

    if (stretch->is_mark)
        mark_reached(hart, stretch->pc, state->executed);
    record(state, stretch->pc);
    state->executed += stretch->count;
    stretch->runs[hart]++;
}

/* ---- when code is translated ------------------------------------------------------------ */

static bool is_mark(uint64_t pc)
{
    for (unsigned i = 0; i < nregions; i++)
        if (regions[i].from == pc || regions[i].to == pc)
            return true;
    return false;
}

static uint32_t instruction_bytes(const struct qemu_plugin_insn *insn)
{
    uint32_t bytes = 0;
    size_t size = qemu_plugin_insn_size(insn);

    if (size > sizeof(bytes))
        size = sizeof(bytes);
    if (api >= QEMU_PLUGIN_API_3)
        ((qemu_plugin_insn_data_3_t)insn_data)(insn, &bytes, size);
    else
        memcpy(&bytes, ((qemu_plugin_insn_data_1_t)insn_data)(insn), size);
    return bytes;
}

/* The shortest loop there is, in either of its encodings: `j .`. */
static bool jumps_to_itself(uint32_t bytes)
{
    enum { C_J = 0xa001, JAL_ZERO = 0x6f };

    return bytes == C_J || bytes == JAL_ZERO;
}

/* Can execution stop at this instruction and not go on to the next of the block? Only plain
 * integer arithmetic surely cannot; jumps and system instructions end their block anyhow. The first
 * two bytes tell: the major opcode is in them. */
static bool may_trap(uint32_t bytes)
{
    enum { OP_IMM = 0x13, AUIPC = 0x17, OP_IMM_32 = 0x1b, OP = 0x33, LUI = 0x37, OP_32 = 0x3b };
    unsigned quadrant = bytes & 3, funct3 = bytes >> 13 & 7, opcode = bytes & 0x7f;

    switch (quadrant) {
    case 0: return funct3 != 0;                /* all but c.addi4spn are loads and stores */
    case 1: return false;                      /* arithmetic and jumps */
    case 2: return funct3 != 0 && funct3 != 4; /* all but c.slli and c.mv/c.add/c.jr */
    default:
        return opcode != OP_IMM && opcode != OP_IMM_32 && opcode != OP && opcode != OP_32 &&
               opcode != LUI && opcode != AUIPC;
    }
}

/* The one stretch with this beginning and these instructions: code translated again goes on
 * counting where it was. */
static struct stretch *stretch_intern(uint64_t pc, const char *sizes, unsigned count, bool is_spin)
{
    struct stretch **bucket = &buckets[(pc >> 1) % BUCKETS];
    struct stretch *stretch;

    pthread_mutex_lock(&lock);
    for (stretch = *bucket; stretch; stretch = stretch->next)
        if (stretch->pc == pc && stretch->count == count && stretch->is_spin == is_spin &&
            !memcmp(stretch->sizes, sizes, count))
            break;
    if (!stretch) {
        stretch = calloc(1, sizeof(*stretch) + nharts * sizeof(stretch->runs[0]));
        if (!stretch)
            abort();
        stretch->pc = pc;
        stretch->is_mark = is_mark(pc);
        stretch->is_spin = is_spin;
        stretch->count = count;
        stretch->sizes = strndup(sizes, count);
        stretch->next = *bucket;
        *bucket = stretch;
    }
    pthread_mutex_unlock(&lock);
    return stretch;
}

static void cut_block(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    size_t ninsns = qemu_plugin_tb_n_insns(tb);
    struct qemu_plugin_insn *first = NULL;
    char sizes[BLOCK_MAX];
    unsigned count = 0;

    (void)id;
    for (size_t i = 0; i < ninsns; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        struct qemu_plugin_insn *next = i + 1 < ninsns ? qemu_plugin_tb_get_insn(tb, i + 1) : NULL;
        uint32_t bytes = instruction_bytes(insn);

        if (count == 0)
            first = insn;
        sizes[count++] = (char)('0' + qemu_plugin_insn_size(insn));
        if (!next || count == BLOCK_MAX || may_trap(bytes) ||
            is_mark(qemu_plugin_insn_vaddr(next)) || jumps_to_itself(instruction_bytes(next))) {
            qemu_plugin_register_vcpu_insn_exec_cb(
                first, stretch_entered, QEMU_PLUGIN_CB_NO_REGS,
                stretch_intern(qemu_plugin_insn_vaddr(first), sizes, count,
                               count == 1 && jumps_to_itself(bytes)));
            count = 0;
        }
    }
}

/* ---- the results ------------------------------------------------------------------------ */

static void print_harts(FILE *out)
{
    for (unsigned hart = 0; hart < nharts; hart++)
        fprintf(out, "%s{\"executed\": %lu}", hart ? ", " : "",
                (unsigned long)recorder->harts[hart].executed);
}

static void print_region(FILE *out, const struct region *region)
{
    uint64_t kept = region->ncrossings < MAX_CROSSINGS ? region->ncrossings : MAX_CROSSINGS;
    double mean = region->ncrossings ? (double)region->sum / (double)region->ncrossings : 0;

    fprintf(out,
            "{\"from\": %lu, \"to\": %lu, \"times\": %lu, "
            "\"min\": %lu, \"mean\": %.3f, \"max\": %lu, \"crossings\": [",
            (unsigned long)region->from, (unsigned long)region->to,
            (unsigned long)region->ncrossings, (unsigned long)region->min, mean,
            (unsigned long)region->max);
    for (uint64_t i = 0; i < kept; i++)
        fprintf(out, "%s[%u, %lu]", i ? ", " : "", region->crossings[i].hart,
                (unsigned long)region->crossings[i].count);
    fprintf(out, "]}");
}

static bool has_run(const struct stretch *stretch)
{
    for (unsigned hart = 0; hart < nharts; hart++)
        if (stretch->runs[hart])
            return true;
    return false;
}

static void print_stretches(FILE *out)
{
    const char *separator = "\n";

    for (unsigned i = 0; i < BUCKETS; i++) {
        for (const struct stretch *stretch = buckets[i]; stretch; stretch = stretch->next) {
            if (!has_run(stretch))
                continue;
            fprintf(out, "%s[%lu, \"%s\", [", separator, (unsigned long)stretch->pc,
                    stretch->sizes);
            for (unsigned hart = 0; hart < nharts; hart++)
                fprintf(out, "%s%lu", hart ? ", " : "", (unsigned long)stretch->runs[hart]);
            fprintf(out, "]]");
            separator = ",\n";
        }
    }
}

static void print_results(FILE *out)
{
    fprintf(out, "{\"harts\": [");
    print_harts(out);
    fprintf(out, "],\n\"regions\": [");
    for (unsigned i = 0; i < nregions; i++) {
        fprintf(out, "%s", i ? ",\n" : "");
        print_region(out, &regions[i]);
    }
    fprintf(out, "],\n\"stretches\": [");
    if (want_stretches)
        print_stretches(out);
    fprintf(out, "]}\n");
}

/* Written beside and then renamed: whoever reads finds all of it or nothing. */
static void write_results(qemu_plugin_id_t id, void *userdata)
{
    char beside[4096];
    FILE *out;

    (void)id, (void)userdata;
    snprintf(beside, sizeof(beside), "%s.part", out_path);
    out = fopen(beside, "w");
    if (!out) {
        perror(beside);
        return;
    }
    pthread_mutex_lock(&lock);
    print_results(out);
    pthread_mutex_unlock(&lock);
    if (fclose(out) == 0)
        rename(beside, out_path);
}

/* ---- set-up ----------------------------------------------------------------------------- */

static int complain(const char *what, const char *about)
{
    fprintf(stderr, "onering-plugin: %s: %s\n", about, what);
    return -1;
}

static int region_begin(const char *address)
{
    if (nregions == MAX_REGIONS)
        return complain("too many regions", address);
    regions[nregions].from = strtoull(address, NULL, 0);
    regions[nregions].to = UINT64_MAX;
    regions[nregions].crossings = malloc(MAX_CROSSINGS * sizeof(struct crossing));
    if (!regions[nregions].crossings)
        return complain("out of memory", address);
    nregions++;
    return 0;
}

static int region_end(const char *address)
{
    if (nregions == 0 || regions[nregions - 1].to != UINT64_MAX)
        return complain("to= without a from= before it", address);
    regions[nregions - 1].to = strtoull(address, NULL, 0);
    return 0;
}

static int option(const char *word)
{
    const char *value = strchr(word, '=');
    size_t length = value ? (size_t)(value++ - word) : 0;

    if (length == 3 && !strncmp(word, "out", length))
        return out_path = value, 0;
    if (length == 4 && !strncmp(word, "ring", length))
        return ring_path = value, 0;
    if (length == 4 && !strncmp(word, "from", length))
        return region_begin(value);
    if (length == 2 && !strncmp(word, "to", length))
        return region_end(value);
    if (length == 6 && !strncmp(word, "notify", length))
        return notify_fd = (int)strtol(value, NULL, 0), 0;
    if (length == 6 && !strncmp(word, "budget", length))
        return budget = strtoull(value, NULL, 0), 0;
    if (!strcmp(word, "stretches=on"))
        return want_stretches = true, 0;
    return complain("unknown argument", word);
}

/* The recorder's memory is a file when somebody wants to read it, and nobody's otherwise. */
static int recorder_open(void)
{
    size_t length = sizeof(*recorder) + nharts * sizeof(recorder->harts[0]);
    int flags = ring_path ? MAP_SHARED : MAP_PRIVATE | MAP_ANONYMOUS;
    int fd = ring_path ? open(ring_path, O_RDWR | O_CREAT | O_TRUNC, 0600) : -1;

    if (ring_path && (fd < 0 || ftruncate(fd, (off_t)length) < 0))
        return complain("cannot be written", ring_path);
    recorder = mmap(NULL, length, PROT_READ | PROT_WRITE, flags, fd, 0);
    if (recorder == MAP_FAILED)
        return complain("cannot be mapped", ring_path ? ring_path : "memory");
    recorder->nharts = nharts;
    recorder->nentries = RING_ENTRIES;
    memcpy(recorder->magic, "ONERING1", sizeof(recorder->magic));
    return 0;
}

/* QEMU looks at qemu_plugin_version as soon as it has loaded us, and wants one it still knows.
 * The function looked for went away with version 1. */
__attribute__((constructor)) static void choose_version(void)
{
    qemu_plugin_version =
        dlsym(RTLD_DEFAULT, "qemu_plugin_n_max_vcpus") ? QEMU_PLUGIN_API_1 : QEMU_PLUGIN_API_2;
}

QEMU_PLUGIN_EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc,
                                           char **argv)
{
    for (int i = 0; i < argc; i++)
        if (option(argv[i]) < 0)
            return -1;
    if (!out_path)
        return complain("missing", "out=");
    if (!info->system_emulation || info->system.max_vcpus > MAX_HARTS)
        return complain("not a machine this plugin can count on", info->target_name);
    api = info->version.cur;
    insn_data = dlsym(RTLD_DEFAULT, "qemu_plugin_insn_data");
    nharts = (unsigned)info->system.max_vcpus;
    if (recorder_open() < 0)
        return -1;
    qemu_plugin_register_vcpu_tb_trans_cb(id, cut_block);
    qemu_plugin_register_atexit_cb(id, write_results, NULL);
    return 0;
}
