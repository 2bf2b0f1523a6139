/* rm - removes files; -r directories with all they hold; -f says nothing of what is not there. */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int recursive, force;

static int complain(const char *path)
{
    if (force && errno == ENOENT)
        return 0;
    warn("%s", path);
    return 1;
}

static int is_dot(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

static char *join(const char *dir, const char *name)
{
    char *path = malloc(strlen(dir) + strlen(name) + 2);
    if (path == NULL)
        err(1, "%s", dir);
    strcpy(stpcpy(stpcpy(path, dir), "/"), name);
    return path;
}

static int rm(const char *path);

/* Starts again after each sweep: removing entries while reading a directory may hide others. */
static int empty_directory(const char *path)
{
    int status = 0, removed;
    do {
        removed = 0;
        DIR *dir = opendir(path);
        if (dir == NULL)
            return complain(path);
        for (struct dirent *e; (e = readdir(dir)) != NULL;) {
            if (is_dot(e->d_name))
                continue;
            char *inside = join(path, e->d_name);
            int failed = rm(inside);
            status |= failed;
            removed |= !failed;
            free(inside);
        }
        closedir(dir);
    } while (removed && status == 0);
    return status;
}

static int rm(const char *path)
{
    struct stat st;
    if (lstat(path, &st) != 0)
        return complain(path);
    if (!S_ISDIR(st.st_mode))
        return unlink(path) == 0 ? 0 : complain(path);
    if (!recursive) {
        errno = EISDIR;
        return complain(path);
    }
    int status = empty_directory(path);
    if (status == 0 && rmdir(path) != 0)
        status = complain(path);
    return status;
}

/* The last part of the path, without slashes at the end. */
static int names_dot(const char *path)
{
    size_t end = strlen(path), start;
    while (end > 0 && path[end - 1] == '/')
        end--;
    for (start = end; start > 0 && path[start - 1] != '/';)
        start--;
    size_t n = end - start;
    return (n == 1 || n == 2) && strncmp(path + start, "..", n) == 0;
}

int main(int argc, char **argv)
{
    int status = 0, c;
    while ((c = getopt(argc, argv, "rRf")) != -1) {
        if (c == '?')
            return 2;
        recursive |= c == 'r' || c == 'R';
        force |= c == 'f';
    }
    if (optind == argc && !force) {
        fputs("usage: rm [-rf] file...\n", stderr);
        return 2;
    }
    for (; optind < argc; optind++) {
        if (names_dot(argv[optind])) {
            warnx("%s: refusing to remove '.' or '..'", argv[optind]);
            status = 1;
        } else {
            status |= rm(argv[optind]);
        }
    }
    return status;
}
