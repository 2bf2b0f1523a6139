/* exec.c - starting a program by its name, looked for along PATH. */
#include <alloca.h>
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DEFAULT_PATH "/bin:/usr/bin"

/* A file that may be executed but is no program is a script: the shell runs it. */
static void exec_or_script(const char *path, char *const argv[], char *const envp[])
{
    execve(path, argv, envp);
    if (errno != ENOEXEC)
        return;
    size_t n = 0;
    while (argv[n] != NULL)
        n++;
    char **shell_argv = alloca((n + 3) * sizeof(*shell_argv));
    shell_argv[0] = "sh";
    shell_argv[1] = (char *)path;
    memcpy(shell_argv + 2, argv + 1, n > 0 ? n * sizeof(*argv) : 0);
    shell_argv[n > 0 ? n + 1 : 2] = NULL;
    execve("/bin/sh", shell_argv, envp);
}

int execvpe(const char *file, char *const argv[], char *const envp[])
{
    char full[PATH_MAX];
    int found = ENOENT; /* the most telling error on the way */
    if (strchr(file, '/') != NULL) {
        exec_or_script(file, argv, envp);
        return -1;
    }
    const char *path = getenv("PATH");
    if (path == NULL)
        path = DEFAULT_PATH;
    for (const char *end; *file != '\0'; path = end + 1) {
        end = strchrnul(path, ':');
        size_t n = end - path;
        if (n + strlen(file) + 2 <= sizeof(full)) {
            memcpy(full, path, n);
            full[n] = '/';
            strcpy(full + n + (n > 0), file); /* an empty entry is the current directory */
            exec_or_script(full, argv, envp);
            if (errno == EACCES)
                found = EACCES;
            else if (errno != ENOENT && errno != ENOTDIR)
                return -1;
        }
        if (*end == '\0')
            break;
    }
    errno = found;
    return -1;
}

int execvp(const char *file, char *const argv[])
{
    return execvpe(file, argv, environ);
}

static size_t count_arguments(va_list ap)
{
    va_list copy;
    va_copy(copy, ap);
    size_t n = 1;
    while (va_arg(copy, char *) != NULL)
        n++;
    va_end(copy);
    return n;
}

static void collect(char **argv, const char *first, va_list ap)
{
    size_t n = 0;
    for (argv[n++] = (char *)first; argv[n - 1] != NULL;)
        argv[n++] = va_arg(ap, char *);
}

int execl(const char *path, const char *arg, ...)
{
    va_list ap;
    va_start(ap, arg);
    char **argv = alloca((count_arguments(ap) + 1) * sizeof(*argv));
    collect(argv, arg, ap);
    va_end(ap);
    return execv(path, argv);
}

int execlp(const char *file, const char *arg, ...)
{
    va_list ap;
    va_start(ap, arg);
    char **argv = alloca((count_arguments(ap) + 1) * sizeof(*argv));
    collect(argv, arg, ap);
    va_end(ap);
    return execvp(file, argv);
}
