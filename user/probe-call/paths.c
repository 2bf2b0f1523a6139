/* paths.c - strings that end where it matters. */
#include "probe.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>

enum { PAGE = 4096 };

/* The name behind as many slashes as it takes to make `length` characters, at `at`. */
static void write_path(char *at, size_t length, const char *name)
{
    memset(at, '/', length - strlen(name));
    strcpy(at + length - strlen(name), name);
}

/* longmkdir LENGTH NAME: a folder in the root, by a path of so many characters */
void make_long_folder(char **args)
{
    size_t length = number_of(args[0]);
    char *path = malloc(length + 1);
    write_path(path, length, args[1]);
    int result = mkdir(path, 0755);
    printf("longmkdir %zu = %d\n", length, result == 0 ? 0 : -errno);
    free(path);
}

/* edge LENGTH NAME: the same; behind the string's end is a page that nobody may read */
void make_folder_at_edge(char **args)
{
    size_t length = number_of(args[0]);
    char *map = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(map + PAGE, PAGE, PROT_NONE);
    char *path = map + PAGE - length - 1;
    write_path(path, length, args[1]);
    int result = mkdir(path, 0755);
    printf("edge %zu = %d\n", length, result == 0 ? 0 : -errno);
    munmap(map, 2 * PAGE);
}
