/* mv - renames a file, or moves files into a directory; to another file system by cp and rm. */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char *join_base(const char *dir, const char *path)
{
    size_t end = strlen(path), start;
    while (end > 1 && path[end - 1] == '/')
        end--;
    for (start = end; start > 0 && path[start - 1] != '/';)
        start--;
    char *joined = malloc(strlen(dir) + end - start + 2);
    if (joined == NULL)
        err(1, "%s", dir);
    char *at = stpcpy(stpcpy(joined, dir), "/");
    memcpy(at, path + start, end - start);
    at[end - start] = '\0';
    return joined;
}

/* 0 if the program ran and succeeded. It runs under our name: that is who complains. */
static int run(const char *program, const char *const argv[])
{
    pid_t pid = fork();
    if (pid == 0) {
        execvp(program, (char *const *)argv);
        warn("%s", program);
        _exit(127);
    }
    int status;
    if (pid < 0 || waitpid(pid, &status, 0) < 0) {
        warn("%s", program);
        return 1;
    }
    return status != 0;
}

static int move(const char *from, const char *to)
{
    if (rename(from, to) == 0)
        return 0;
    if (errno != EXDEV) {
        warn("%s to %s", from, to);
        return 1;
    }
    return run("cp", (const char *const[]){"mv", "-r", "--", from, to, NULL}) ||
           run("rm", (const char *const[]){"mv", "-rf", "--", from, NULL});
}

int main(int argc, char **argv)
{
    int status = 0;
    if (getopt(argc, argv, "") != -1)
        return 2;
    argv += optind;
    argc -= optind;
    if (argc < 2) {
        fputs("usage: mv file... target\n", stderr);
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
        status |= move(argv[i], path);
        free(path);
    }
    return status;
}
