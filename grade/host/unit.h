/* What the host's unit tests share: random numbers from a printed seed, checks that say where and
 * with which seed they failed, and panics that a test can expect. */
#pragma once
#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Reads the seed from argv[1], or makes one up; prints it. */
void unit_start(int argc, char **argv);

uint64_t random_u64(void);
uint64_t random_below(uint64_t n);

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition))                                                                          \
            unit_fail(__FILE__, __LINE__, #condition);                                             \
    } while (0)

void unit_fail(const char *file, int line, const char *what) __attribute__((noreturn));

/* Runs `statement`, which must panic with a message that contains `text`. */
#define CHECK_PANICS(statement, text)                                                              \
    do {                                                                                           \
        volatile bool returned = false;                                                            \
        unit_panic_expected = true;                                                                \
        if (setjmp(unit_panic_jump) == 0) {                                                        \
            statement;                                                                             \
            returned = true;                                                                       \
        }                                                                                          \
        unit_panic_expected = false;                                                               \
        if (returned || !unit_panic_says(text))                                                    \
            unit_fail(__FILE__, __LINE__, #statement " panics as it should");                      \
    } while (0)

extern bool unit_panic_expected;
extern jmp_buf unit_panic_jump;
extern char unit_last_panic[256];
bool unit_panic_says(const char *text);
