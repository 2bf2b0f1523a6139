/* What the kernel reads and writes through a program's pointers. */
#include "probe.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static char *address(const char *word)
{
    return (char *)number_of(word);
}

/* Letters made from a seed: visible on the console. */
static void letters(char *at, unsigned long n, unsigned long seed)
{
    for (unsigned long i = 0; i < n; i++)
        at[i] = (char)('a' + (next_number(&seed) >> 33) % 26);
}

/* map ADDRESS PAGES PROT (as mmap has it: 1 read, 2 write) */
void map(char **args)
{
    char *wanted = address(args[0]);
    char *got = mmap(wanted, number_of(args[1]) * PAGE, (int)number_of(args[2]),
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (got != wanted)
        printf("map: cannot have %p\n", (void *)wanted);
}

/* unmap ADDRESS PAGES */
void unmap(char **args)
{
    munmap(address(args[0]), number_of(args[1]) * PAGE);
}

/* fill ADDRESS SIZE SEED */
void fill(char **args)
{
    letters(address(args[0]), number_of(args[1]), number_of(args[2]));
}

/* show ADDRESS SIZE: as text, what is no letter as a dot */
void show(char **args)
{
    const char *at = address(args[0]);
    printf("show ");
    for (unsigned long i = 0; i < number_of(args[1]); i++)
        putchar(at[i] >= 'a' && at[i] <= 'z' ? at[i] : '.');
    printf("\n");
}

/* poke ADDRESS: stores there, as a program does */
void poke(char **args)
{
    *(volatile char *)address(args[0]) = 1;
    printf("poke: done\n");
}

/* wait ADDRESS: until somebody has stored something there. Without a system call. */
void wait_for(char **args)
{
    printf("waiting\n");
    fflush(stdout);
    while (*(volatile char *)address(args[0]) == 0)
        continue;
}

/* text ADDRESS WORD: with its NUL */
void put_text(char **args)
{
    strcpy(address(args[0]), args[1]);
}

/* longtext ADDRESS COUNT: a path of so many bytes, made of "/tmp/" and then "./" again and again */
void put_long_text(char **args)
{
    char *at = address(args[0]);
    unsigned long count = number_of(args[1]);
    memcpy(at, "/tmp/", 5);
    for (unsigned long i = 5; i < count; i++)
        at[i] = i % 2 ? '.' : '/';
    at[count] = '\0';
}

/* write ADDRESS SIZE: to the console, in one call */
void write_memory(char **args)
{
    long result = raw_call(64, 1, (long)number_of(args[0]), (long)number_of(args[1]), 0, 0, 0);
    printf("\nwrite = %ld\n", result);
}

/* read ADDRESS SIZE SEED: from a pipe which holds SIZE letters, in one call */
void read_memory(char **args)
{
    static char text[PAGE];
    int fds[2];
    unsigned long size = number_of(args[1]);
    letters(text, size < PAGE ? size : PAGE, number_of(args[2]));
    if (pipe(fds) != 0 || write(fds[1], text, size) != (long)size)
        printf("read: no pipe\n");
    printf("read = %ld\n", raw_call(63, fds[0], (long)number_of(args[0]), (long)size, 0, 0, 0));
    close(fds[0]);
    close(fds[1]);
}

/* mkdir ADDRESS: of a path */
void make_folder(char **args)
{
    printf("mkdir = %ld\n", raw_call(34, -100, (long)number_of(args[0]), 0777, 0, 0, 0));
}

/* list: the names in /tmp */
void list_folder(char **args)
{
    (void)args;
    DIR *folder = opendir("/tmp");
    printf("list");
    for (struct dirent *entry; folder && (entry = readdir(folder));)
        if (entry->d_name[0] != '.')
            printf(" %s", entry->d_name);
    printf("\n");
    if (folder)
        closedir(folder);
}
