/* script.c - commands with their own arguments, divided by blanks, one after the other. */
#include "probe.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WORDS_MAX = 1000 };

unsigned long number_of(const char *text)
{
    return *text == '-' ? -strtoul(text + 1, NULL, 0) : strtoul(text, NULL, 0);
}

unsigned long next_number(unsigned long *state)
{
    *state = *state * 6364136223846793005UL + 1442695040888963407UL;
    return *state;
}

static char **run_command(char **word, const struct command_entry *at)
{
    for (; at->name; at++) {
        if (strcmp(*word, at->name) == 0) {
            at->run(word + 1);
            fflush(stdout);
            return word + 1 + at->nargs;
        }
    }
    printf("probe: no command %s\n", *word);
    exit(2);
}

void run_script(int argc, char **argv, const struct command_entry *commands)
{
    static char *words[WORDS_MAX + 1];
    int count = 0;
    for (int i = 1; i < argc; i++)
        for (char *word = strtok(argv[i], " "); word && count < WORDS_MAX; word = strtok(NULL, " "))
            words[count++] = word;
    for (char **word = words; *word;)
        word = run_command(word, commands);
}

/* exit STATUS */
void exit_now(char **args)
{
    exit((int)number_of(args[0]));
}

/* getpid TIMES: nothing but that */
void count_getpid(char **args)
{
    raw_getpid(number_of(args[0]));
}

/* mkdir PATH */
void make_folder(char **args)
{
    int result = mkdir(args[0], 0755);
    printf("mkdir %s = %d\n", args[0], result == 0 ? 0 : -errno);
}

/* list PATH: the names in it */
void list_folder(char **args)
{
    DIR *folder = opendir(args[0]);
    struct dirent *entry;
    printf("list");
    while (folder && (entry = readdir(folder)) != NULL)
        if (entry->d_name[0] != '.')
            printf(" %s", entry->d_name);
    printf("\n");
    if (folder)
        closedir(folder);
}
