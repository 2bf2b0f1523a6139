/*
 * setenv.c - changing the environment.
 *
 * The array the kernel gave lies on the stack; the first change moves it to the heap. Strings that
 * are replaced are not freed: somebody may still hold what getenv returned.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char **owned; /* environ, when it is ours */
static size_t capacity;

static char **find(const char *name, size_t n)
{
    for (char **e = environ; e != NULL && *e != NULL; e++)
        if (strncmp(*e, name, n) == 0 && (*e)[n] == '=')
            return e;
    return NULL;
}

static int append(char *assignment)
{
    size_t n = 0;
    while (environ != NULL && environ[n] != NULL)
        n++;
    if (environ != owned || n + 2 > capacity) {
        size_t bigger = 2 * n + 8;
        char **copy = malloc(bigger * sizeof(*copy));
        if (copy == NULL)
            return -1;
        memcpy(copy, environ, n * sizeof(*copy));
        if (environ == owned)
            free(owned);
        environ = owned = copy;
        capacity = bigger;
    }
    environ[n] = assignment;
    environ[n + 1] = NULL;
    return 0;
}

int putenv(char *assignment)
{
    char *equals = strchr(assignment, '=');
    if (equals == NULL)
        return unsetenv(assignment);
    char **at = find(assignment, equals - assignment);
    if (at == NULL)
        return append(assignment);
    *at = assignment;
    return 0;
}

int setenv(const char *name, const char *value, int overwrite)
{
    size_t n = strlen(name);
    if (n == 0 || strchr(name, '=') != NULL) {
        errno = EINVAL;
        return -1;
    }
    if (!overwrite && find(name, n) != NULL)
        return 0;
    char *assignment = malloc(n + strlen(value) + 2);
    if (assignment == NULL)
        return -1;
    strcpy(stpcpy(stpcpy(assignment, name), "="), value);
    return putenv(assignment);
}

int unsetenv(const char *name)
{
    char **at;
    while ((at = find(name, strlen(name))) != NULL)
        for (; (at[0] = at[1]) != NULL;)
            at++;
    return 0;
}
