/* Unit test of the splitting of boot arguments.
 *
 *     test_bootargs TEXT    prints the words, each in hexadecimal on a line, for the Python side to judge
 */
#include "kern/dev/machine.h"
#include "kern/sys/errno.h"
#include "unit.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct machine machine;

static void print_words(const char *text)
{
    size_t size = strlen(text) + 1;
    char *buffer = malloc(size), **words = malloc(sizeof(char *) * (size + 1));
    machine.bootargs = text;
    int n = machine_args(buffer, size, words, (int)size + 1);
    CHECK(n >= 0 && words[n] == NULL);
    for (int i = 0; i < n; i++) {
        for (const char *c = words[i]; *c; c++)
            printf("%02x", (unsigned char)*c);
        putchar('\n');
    }
    free(buffer);
    free(words);
}

static void test_limits(void)
{
    char buffer[8];
    char *words[4];
    machine.bootargs = "a b c";
    CHECK(machine_args(buffer, sizeof(buffer), words, 4) == 3 && !words[3]);
    CHECK(machine_args(buffer, sizeof(buffer), words, 3) == -E2BIG);
    CHECK(machine_args(buffer, sizeof(buffer), words, 0) == -E2BIG);
    CHECK(machine_args(buffer, 5, words, 4) == -E2BIG);
    CHECK(machine_args(buffer, 6, words, 4) == 3);
    machine.bootargs = "  ";
    CHECK(machine_args(buffer, sizeof(buffer), words, 1) == 0 && !words[0]);
}

static void test_open_quotes_end_with_the_text(void)
{
    char buffer[32];
    char *words[4];
    machine.bootargs = "x 'open quote";
    CHECK(machine_args(buffer, sizeof(buffer), words, 4) == 2 && !strcmp(words[1], "open quote"));
    machine.bootargs = "x \\";
    CHECK(machine_args(buffer, sizeof(buffer), words, 4) == 2 && !strcmp(words[1], "\\"));
}

int main(int argc, char **argv)
{
    test_limits();
    test_open_quotes_end_with_the_text();
    for (int i = 1; i < argc; i++) {
        print_words(argv[i]);
        puts("--");
    }
}
