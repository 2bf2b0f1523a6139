/* The machine as its device tree describes it. Nothing of this is a constant of the kernel.
 *
 * machine_init() reads the flattened device tree once, at boot; afterwards `machine` does not change.
 * The parser trusts nothing: a truncated or foolish tree ends in a sentence, not in a fault.
 */
#pragma once
#include "kern/core/util.h"

#define MACHINE_HARTS_MAX  64
#define MACHINE_VIRTIO_MAX 8
#define MACHINE_RNG_SEED   32 /* bytes */

#define PLIC_NO_CONTEXT UINT32_MAX

struct machine_range {
    uintptr_t start, size;
};

struct machine_device {
    uintptr_t base, size;
    uint32_t irq; /* 0: none */
};

struct machine {
    struct machine_range ram;    /* the bank this kernel runs in */
    struct machine_range fdt;    /* the tree itself */
    struct machine_range initrd; /* size 0: none */
    uint32_t timebase_hz;
    uint32_t nharts;
    uint32_t hartids[MACHINE_HARTS_MAX];
    struct machine_device uart, plic, finisher, rtc; /* size 0: there is none */
    uint32_t nvirtio;
    struct machine_device virtio[MACHINE_VIRTIO_MAX]; /* as the tree lists them */
    const char *bootargs;                             /* inside the tree; "" if none */
    uint32_t rng_seed_length;                         /* 0: the tree brings no randomness */
    uint8_t rng_seed[MACHINE_RNG_SEED];
    uint32_t nreserved;
    struct machine_range reserved[8]; /* /reserved-memory and the memory reservation block */
};

extern struct machine machine;

/* Reads the tree at `fdt`; panics with a sentence when it is no device tree. */
void machine_init(const void *fdt);

/* The PLIC's context for supervisor mode of a hart, or PLIC_NO_CONTEXT. */
uint32_t machine_plic_context(uint32_t hartid);

/* The virtio device with the i'th lowest address; NULL: there are not so many. */
const struct machine_device *machine_virtio(uint32_t i);

/* Whether [start, end) keeps clear of the tree, the initrd and reserved memory. */
bool machine_range_is_free(uintptr_t start, uintptr_t end);

/* Splits bootargs into words; quotes '...' "..." and backslash as in a shell. The words are written to
 * `buffer` (NULs between), their addresses to argv, then NULL; `max` counts the NULL too. Returns
 * argc, or -E2BIG. */
int machine_args(char *buffer, size_t size, char **argv, int max);
