/* The end of the line: report and stop the machine. */
#pragma once
#include "kern/core/util.h"

struct trapframe;

/* Exit status of the machine, as QEMU's exit status shows it. */
enum {
    EXIT_STATUS_PANIC = 134, /* the kernel broke one of its own rules */
    EXIT_STATUS_FAULT = 139, /* fused shape: the application touched what it must not */
};

/* Prints the message, the registers of this hart and a backtrace, stops the other harts, powers off
 * with EXIT_STATUS_PANIC. May be called from anywhere. */
void panic(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));

/* The same for a trap nobody handles; `kind` is the word on the machine-readable line ("panic" or
 * "fault"). */
void panic_trap(const struct trapframe *tf, const char *kind, int exit_status, const char *format,
                ...) __attribute__((noreturn, format(printf, 4, 5)));

/* How to stop the other harts; set by whoever starts them. */
extern void (*panic_stop_harts)(void);

/* For what a caller cannot cause. User input never reaches an assert. */
#define assert(condition)                                                                          \
    do {                                                                                           \
        if (unlikely(!(condition)))                                                                \
            panic("%s:%d: assertion failed: %s", __FILE__, __LINE__, #condition);                  \
    } while (0)
