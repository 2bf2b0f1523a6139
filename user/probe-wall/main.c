/*
 * probe-wall - the first process of lab 3's machine: makes the system calls that the script asks for,
 * and reports what came of them. What is right is judged outside.
 *
 * The script is the arguments: commands with their own arguments, divided by blanks. Between { and } a
 * child does what is written, while its parent waits for it.
 */
#include "probe.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORDS_MAX = 2000 };

static const struct {
    const char *name;
    int nargs;
    command *run;
} commands[] = {
    {"exit", 1, exit_now},
    {"fold", 3, exit_with_fold},
    {"regs", 3, show_registers},
    {"call", 4, make_call},
    {"getpid", 1, make_many_calls},
    {"errno", 2, keep_errno},
    {"stack", 2, call_on_stack},
    {"together", 1, together},
    {"late", 2, late},
    {"map", 3, map},
    {"unmap", 2, unmap},
    {"fill", 3, fill},
    {"show", 2, show},
    {"text", 2, put_text},
    {"longtext", 2, put_long_text},
    {"write", 2, write_memory},
    {"poke", 1, poke},
    {"wait", 1, wait_for},
    {"read", 3, read_memory},
    {"mkdir", 1, make_folder},
    {"list", 0, list_folder},
    {"number", 1, box_number},
    {"box", 4, box},
    {"race", 5, box_race},
    {"duel", 7, box_duel},
};

unsigned long number_of(const char *text)
{
    return *text == '-' ? -strtoul(text + 1, NULL, 0) : strtoul(text, NULL, 0);
}

unsigned long next_number(unsigned long *state)
{
    *state = *state * 6364136223846793005UL + 1442695040888963407UL;
    return *state;
}

static char **run_command(char **word)
{
    for (unsigned i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(*word, commands[i].name) == 0) {
            commands[i].run(word + 1);
            return word + 1 + commands[i].nargs;
        }
    }
    printf("probe: no command %s\n", *word);
    exit(2);
}

/* Runs up to the end or a }, which it returns. */
static char **run_script(char **word);

static char **run_block(char **word)
{
    int status, depth = 1;
    pid_t child = fork();
    if (child < 0)
        printf("probe: fork failed\n");
    if (child == 0) {
        run_script(word);
        fflush(stdout);
        _exit(0);
    }
    waitpid(child, &status, 0);
    printf("child %d ended %d\n", child, status);
    for (; depth > 0; word++)
        depth += strcmp(*word, "{") == 0 ? 1 : strcmp(*word, "}") == 0 ? -1 : 0;
    return word;
}

static char **run_script(char **word)
{
    while (*word && strcmp(*word, "}") != 0) {
        word = strcmp(*word, "{") == 0 ? run_block(word + 1) : run_command(word);
        fflush(stdout);
    }
    return word;
}

int main(int argc, char **argv)
{
    static char *words[WORDS_MAX + 1];
    int count = 0;
    for (int i = 1; i < argc; i++)
        for (char *word = strtok(argv[i], " "); word && count < WORDS_MAX; word = strtok(NULL, " "))
            words[count++] = word;
    run_script(words);
    return 0;
}
