/* Arguments and environment on their way from the old image to the new.
 *
 *     buffer  | path 0 | argv[0] 0 argv[1] 0 ... | envp[0] 0 envp[1] 0 ... |      |
 *                                                                          used   capacity
 *
 * They are copied out of the old image once, and only what was copied is believed from then on.
 */
#include "kern/core/string.h"
#include "kern/mem/pages.h"
#include "kern/mem/uaccess.h"
#include "kern/proc/exec_impl.h"
#include "kern/sys/abi.h"
#include "kern/sys/errno.h"

_Static_assert(ARG_MAX % PAGE_SIZE == 0 && PATH_MAX <= PAGE_SIZE, "the buffer grows by pages");

static int grow(struct exec_strings *strings)
{
    size_t capacity = MAX(PAGE_SIZE, 2 * strings->capacity);
    if (capacity > ARG_MAX)
        return -E2BIG;
    char *buffer = pages_alloc(capacity / PAGE_SIZE);
    if (!buffer)
        return -ENOMEM;
    if (strings->buffer)
        memcpy(buffer, strings->buffer, strings->used);
    exec_strings_free(strings);
    strings->buffer = buffer;
    strings->capacity = capacity;
    return 0;
}

void exec_strings_free(struct exec_strings *strings)
{
    if (strings->buffer)
        pages_free(strings->buffer, strings->capacity / PAGE_SIZE);
    strings->buffer = NULL;
}

/* Makes sure of room for n more bytes. The pointers to the strings count too. */
static int reserve(struct exec_strings *strings, size_t n)
{
    size_t pointers = (strings->argc + strings->envc + 1) * sizeof(char *);
    if (n > ARG_MAX || strings->used + n + pointers > ARG_MAX)
        return -E2BIG;
    int error = 0;
    while (strings->used + n > strings->capacity && !error)
        error = grow(strings);
    return error;
}

static int add_kernel_string(struct exec_strings *strings, const char *string)
{
    size_t size = strlen(string) + 1;
    int error = reserve(strings, size);
    if (error)
        return error;
    memcpy(strings->buffer + strings->used, string, size);
    strings->used += size;
    return 0;
}

static int add_user_string(struct exec_strings *strings, const char *string)
{
    for (;;) {
        int error = reserve(strings, 1);
        if (error)
            return error;
        size_t room = strings->capacity - strings->used;
        long length = string_from_user(strings->buffer + strings->used, string, room);
        if (length >= 0) {
            strings->used += (size_t)length + 1;
            return reserve(strings, 0);
        }
        if (length != -ENAMETOOLONG)
            return (int)length;
        error = grow(strings);
        if (error)
            return error;
    }
}

/* Adds the strings of a user vector that ends with NULL; NULL itself is an empty one. */
static int add_user_vector(struct exec_strings *strings, char *const *vector, size_t *count)
{
    char *string;
    for (*count = 0; vector; ++*count) {
        int error = copy_from_user(&string, vector + *count, sizeof(string));
        if (!error && !string)
            return 0;
        if (!error)
            error = add_user_string(strings, string);
        if (error)
            return error;
    }
    return 0;
}

static int add_kernel_vector(struct exec_strings *strings, char *const *vector, size_t *count)
{
    int error = 0;
    for (*count = 0; vector[*count] && !error; ++*count)
        error = add_kernel_string(strings, vector[*count]);
    return error;
}

/* Programs take it for granted that there is an argv[0]. */
static int ensure_argv0(struct exec_strings *strings)
{
    if (strings->argc > 0)
        return 0;
    strings->argc = 1;
    return add_kernel_string(strings, "");
}

int exec_strings_from_user(struct exec_strings *strings, const char *path, char *const *argv,
                           char *const *envp)
{
    int error = grow(strings);
    if (error)
        return error;
    long length = string_from_user(strings->buffer, path, PATH_MAX);
    if (length < 0)
        return (int)length;
    strings->used = (size_t)length + 1;
    error = add_user_vector(strings, argv, &strings->argc);
    if (!error)
        error = ensure_argv0(strings);
    if (!error)
        error = add_user_vector(strings, envp, &strings->envc);
    return error;
}

int exec_strings_from_kernel(struct exec_strings *strings, const char *path, char *const *argv,
                             char *const *envp)
{
    int error = add_kernel_string(strings, path);
    if (!error)
        error = add_kernel_vector(strings, argv, &strings->argc);
    if (!error)
        error = ensure_argv0(strings);
    if (!error)
        error = add_kernel_vector(strings, envp, &strings->envc);
    return error;
}

const char *exec_strings_argv0(const struct exec_strings *strings)
{
    return strings->buffer + strlen(strings->buffer) + 1;
}

int exec_strings_add_interpreter(struct exec_strings *strings, const char *interpreter,
                                 const char *argument, bool first)
{
    size_t path_size = strlen(strings->buffer) + 1, at = path_size;
    size_t interpreter_size = strlen(interpreter) + 1;
    size_t argument_size = argument ? strlen(argument) + 1 : 0;
    size_t removed = first ? strlen(strings->buffer + at) + 1 : 0;
    size_t added = interpreter_size + argument_size + (first ? path_size : 0);
    strings->argc += argument ? 2 : 1;
    int error = reserve(strings, added);
    if (error)
        return error;
    char *to = strings->buffer + at;
    memmove(to + added, to + removed, strings->used - at - removed);
    memcpy(to, interpreter, interpreter_size);
    if (argument)
        memcpy(to + interpreter_size, argument, argument_size);
    if (first)
        memcpy(to + interpreter_size + argument_size, strings->buffer, path_size);
    strings->used += added - removed;
    return 0;
}
