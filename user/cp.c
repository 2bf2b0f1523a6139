/* cp - copies a file to a file, or files into a directory; -r directories with all they hold. */
#include <dirent.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int recursive;

static char *join(const char *dir, const char *name, size_t n)
{
    char *path = malloc(strlen(dir) + n + 2);
    if (path == NULL)
        err(1, "%s", dir);
    char *end = stpcpy(stpcpy(path, dir), "/");
    memcpy(end, name, n);
    end[n] = '\0';
    return path;
}

/* path's last part, into directory dir. */
static char *join_base(const char *dir, const char *path)
{
    size_t end = strlen(path), start;
    while (end > 1 && path[end - 1] == '/')
        end--;
    for (start = end; start > 0 && path[start - 1] != '/';)
        start--;
    return join(dir, path + start, end - start);
}

static int fail(const char *path)
{
    warn("%s", path);
    return 1;
}

static int copy_bytes(int in, const char *from, int out, const char *to)
{
    static char buf[8192];
    ssize_t n;
    while ((n = read(in, buf, sizeof(buf))) > 0)
        for (ssize_t done = 0; done < n;) {
            ssize_t written = write(out, buf + done, n - done);
            if (written < 0)
                return fail(to);
            done += written;
        }
    return n < 0 ? fail(from) : 0;
}

static int same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static int copy_file(const char *from, const struct stat *st, const char *to)
{
    struct stat there;
    if (stat(to, &there) == 0 && same_file(st, &there)) {
        warnx("%s and %s are the same file", from, to);
        return 1;
    }
    int in = open(from, O_RDONLY);
    if (in < 0)
        return fail(from);
    int out = open(to, O_WRONLY | O_CREAT | O_TRUNC, st->st_mode & 0777);
    int status = out < 0 ? fail(to) : copy_bytes(in, from, out, to);
    if (out >= 0 && close(out) != 0)
        status = fail(to);
    close(in);
    return status;
}

static int copy(const char *from, const char *to, const struct stat *not_into);

/* not_into is the directory made first, at the top: "cp -r a a/b" must not copy a/b into itself. */
static int copy_directory(const char *from, const struct stat *st, const char *to,
                          const struct stat *not_into)
{
    struct stat made;
    if (!recursive) {
        warnx("%s: is a directory (not copied without -r)", from);
        return 1;
    }
    if (not_into != NULL && same_file(st, not_into))
        return 0;
    if (mkdir(to, (st->st_mode & 0777) | S_IRWXU) != 0 && errno != EEXIST)
        return fail(to);
    if (not_into == NULL) {
        if (stat(to, &made) != 0)
            return fail(to);
        not_into = &made;
    }
    DIR *dir = opendir(from);
    if (dir == NULL)
        return fail(from);
    int status = 0;
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        char *inside = join(from, e->d_name, strlen(e->d_name));
        char *target = join(to, e->d_name, strlen(e->d_name));
        status |= copy(inside, target, not_into);
        free(inside);
        free(target);
    }
    closedir(dir);
    return status;
}

static int copy(const char *from, const char *to, const struct stat *not_into)
{
    struct stat st;
    if (stat(from, &st) != 0)
        return fail(from);
    return S_ISDIR(st.st_mode) ? copy_directory(from, &st, to, not_into) : copy_file(from, &st, to);
}

int main(int argc, char **argv)
{
    int status = 0, c;
    while ((c = getopt(argc, argv, "rR")) != -1) {
        if (c == '?')
            return 2;
        recursive = 1;
    }
    argv += optind;
    argc -= optind;
    if (argc < 2) {
        fputs("usage: cp [-r] file... target\n", stderr);
        return 2;
    }
    const char *target = argv[argc - 1];
    struct stat st;
    int into = stat(target, &st) == 0 && S_ISDIR(st.st_mode);
    if (argc > 2 && !into) {
        errno = ENOTDIR;
        err(1, "%s", target);
    }
    for (int i = 0; i < argc - 1; i++) {
        char *path = into ? join_base(target, argv[i]) : strdup(target);
        status |= copy(argv[i], path, NULL);
        free(path);
    }
    return status;
}
