/* Images that do what their bootargs ask for, word by word: "break 2 ticks 5". */
#pragma once
#include "kern/core/util.h"

struct command {
    const char *name;
    void (*run)(char **words);
    int nwords; /* it takes */
};

/* Runs all that the n words ask for. A command that is not in the table, or has not all its words,
 * switches the machine off, with the list of those there are. `image` begins each line. */
void commands_run(const char *image, const struct command *commands, size_t ncommands, char **words,
                  int n);
void commands_refuse(const char *image, const struct command *commands, size_t ncommands,
                     const char *word) __attribute__((noreturn));

/* A number in decimal, or in hexadecimal behind 0x. */
uint64_t parse_number(const char *text);
