/* mkdir - makes directories; -p also those above, and does not mind what is there already. */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int is_directory(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static int make_parents(char *path)
{
    for (char *p = path + 1; *p != '\0'; p++) {
        if (*p != '/')
            continue;
        *p = '\0';
        if (mkdir(path, 0777) != 0 && !is_directory(path)) {
            warn("%s", path);
            return -1;
        }
        *p = '/';
    }
    return 0;
}

static int make(char *path, int parents)
{
    if (*path == '\0') {
        errno = ENOENT;
        warn("''");
        return 1;
    }
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        path[--n] = '\0';
    if (parents && make_parents(path) != 0)
        return 1;
    if (mkdir(path, 0777) == 0 || (parents && errno == EEXIST && is_directory(path)))
        return 0;
    warn("%s", path);
    return 1;
}

int main(int argc, char **argv)
{
    int parents = 0, status = 0, c;
    while ((c = getopt(argc, argv, "p")) != -1) {
        if (c != 'p')
            return 2;
        parents = 1;
    }
    if (optind == argc) {
        fputs("usage: mkdir [-p] directory...\n", stderr);
        return 2;
    }
    for (; optind < argc; optind++)
        status |= make(argv[optind], parents);
    return status;
}
