/* What the files of exec share among themselves; nobody else includes this.
 *
 *     exec.c          finding the program, replacing the old one
 *     exec_strings.c  arguments and environment on their way from the old image to the new
 *     exec_stack.c    the stack as the new program finds it
 */
#pragma once
#include "kern/core/util.h"
#include "kern/proc/elf.h"

/* All in one piece, each with its NUL: the path, then the arguments, then the environment. */
struct exec_strings {
    char *buffer;    /* pages */
    size_t capacity; /* ARG_MAX at most */
    size_t used;
    size_t argc, envc;
};

/* 0, -EFAULT, -ENOMEM, -ENAMETOOLONG (the path), -E2BIG. To be freed in any case. */
int exec_strings_from_user(struct exec_strings *strings, const char *path, char *const *argv,
                           char *const *envp);
int exec_strings_from_kernel(struct exec_strings *strings, const char *path, char *const *argv,
                             char *const *envp);
void exec_strings_free(struct exec_strings *strings);

static inline const char *exec_strings_path(const struct exec_strings *strings)
{
    return strings->buffer;
}

const char *exec_strings_argv0(const struct exec_strings *strings);

/* Turns the arguments of a script into those of its interpreter: `interpreter argument script ...`.
 * The script's name is the path if it is the first, and takes the place of argv[0]; the next one's is
 * argv[0] already. `argument` may be NULL. */
int exec_strings_add_interpreter(struct exec_strings *strings, const char *interpreter,
                                 const char *argument, bool first);

/* Makes the stack, fills it, and says where it begins. 0 or -ENOMEM. */
int exec_build_stack(struct vmspace *space, const struct exec_strings *strings,
                     const struct elf_image *image, uintptr_t *sp);
