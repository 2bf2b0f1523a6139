/* ls - lists files and directories: -a also names with a dot, -l in full, -d no insides, -1. */
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { HALF_A_YEAR = 182 * 86400 };

struct entry {
    char *name;
    struct stat st; /* filled in only where it is needed */
};

struct list {
    struct entry *entries;
    size_t n, capacity;
};

static int all, full, no_insides;
static int status;

static void add(struct list *list, const char *name, const struct stat *st)
{
    if (list->n == list->capacity) {
        list->capacity = list->capacity == 0 ? 32 : 2 * list->capacity;
        list->entries = reallocarray(list->entries, list->capacity, sizeof(*list->entries));
        if (list->entries == NULL)
            err(2, "%s", name);
    }
    struct entry *e = &list->entries[list->n++];
    e->name = strdup(name);
    if (e->name == NULL)
        err(2, "%s", name);
    if (st != NULL)
        e->st = *st;
}

static void clear(struct list *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->entries[i].name);
    free(list->entries);
    *list = (struct list){0};
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct entry *)a)->name, ((const struct entry *)b)->name);
}

static void sort(struct list *list)
{
    qsort(list->entries, list->n, sizeof(*list->entries), by_name);
}

static char type_letter(mode_t mode)
{
    static const struct {
        mode_t type;
        char letter;
    } types[] = {{S_IFDIR, 'd'}, {S_IFREG, '-'}, {S_IFCHR, 'c'}, {S_IFBLK, 'b'},
                 {S_IFIFO, 'p'}, {S_IFLNK, 'l'}, {S_IFSOCK, 's'}};
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
        if ((mode & S_IFMT) == types[i].type)
            return types[i].letter;
    return '?';
}

static void print_mode(mode_t mode)
{
    char text[] = "?rwxrwxrwx";
    text[0] = type_letter(mode);
    for (int bit = 0; bit < 9; bit++)
        if ((mode & (0400 >> bit)) == 0)
            text[1 + bit] = '-';
    if (mode & S_ISUID)
        text[3] = text[3] == 'x' ? 's' : 'S';
    if (mode & S_ISGID)
        text[6] = text[6] == 'x' ? 's' : 'S';
    if (mode & S_ISVTX)
        text[9] = text[9] == 'x' ? 't' : 'T';
    printf("%s ", text);
}

static void print_owner(unsigned id)
{
    if (id == 0)
        printf("%-5s ", "root");
    else
        printf("%-5u ", id);
}

static void print_date(time_t t)
{
    char text[32];
    time_t age = time(NULL) - t;
    const char *format = age < HALF_A_YEAR && age > -HALF_A_YEAR ? "%b %e %H:%M" : "%b %e  %Y";
    strftime(text, sizeof(text), format, localtime(&t));
    printf("%s ", text);
}

static void print_full(const struct stat *st)
{
    print_mode(st->st_mode);
    printf("%2u ", st->st_nlink);
    print_owner(st->st_uid);
    print_owner(st->st_gid);
    if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode))
        printf("%4lu,%3lu ", (st->st_rdev >> 8) & 0xfff, st->st_rdev & 0xff);
    else
        printf("%8ld ", st->st_size);
    print_date(st->st_mtime);
}

static void print_list(struct list *list)
{
    sort(list);
    for (size_t i = 0; i < list->n; i++) {
        if (full)
            print_full(&list->entries[i].st);
        puts(list->entries[i].name);
    }
}

static void fail(const char *name, int how)
{
    fflush(stdout);
    warn("%s", name);
    if (status < how)
        status = how;
}

static void read_entries(const char *path, DIR *dir, struct list *list)
{
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        struct stat st;
        if (!all && e->d_name[0] == '.')
            continue;
        if (full && fstatat(dirfd(dir), e->d_name, &st, AT_SYMLINK_NOFOLLOW) != 0) {
            char name[600];
            snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
            fail(name, 1);
            continue;
        }
        add(list, e->d_name, full ? &st : NULL);
    }
}

static void list_directory(const char *path)
{
    struct list list = {0};
    DIR *dir = opendir(path);
    if (dir == NULL) {
        fail(path, 2);
        return;
    }
    read_entries(path, dir, &list);
    closedir(dir);
    if (full) {
        long blocks = 0;
        for (size_t i = 0; i < list.n; i++)
            blocks += list.entries[i].st.st_blocks;
        printf("total %ld\n", blocks / 2);
    }
    print_list(&list);
    clear(&list);
}

/* Files come first, then each directory under its name. */
static void list_arguments(char **names, int n)
{
    struct list files = {0}, directories = {0};
    for (int i = 0; i < n; i++) {
        struct stat st;
        if (stat(names[i], &st) != 0)
            fail(names[i], 2);
        else
            add(S_ISDIR(st.st_mode) && !no_insides ? &directories : &files, names[i], &st);
    }
    print_list(&files);
    sort(&directories);
    for (size_t i = 0; i < directories.n; i++) {
        if (n > 1)
            printf("%s%s:\n", files.n > 0 || i > 0 ? "\n" : "", directories.entries[i].name);
        list_directory(directories.entries[i].name);
    }
}

int main(int argc, char **argv)
{
    int c;
    while ((c = getopt(argc, argv, "al1d")) != -1) {
        if (c == '?')
            return 2;
        all |= c == 'a';
        full |= c == 'l';
        no_insides |= c == 'd';
    }
    if (optind == argc)
        list_arguments((char *[]){"."}, 1);
    else
        list_arguments(argv + optind, argc - optind);
    return status;
}
