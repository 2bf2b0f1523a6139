/* builtins.c - commands that change the shell itself, or are too small for a process. */
#include "sh.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

_Noreturn void shell_exit(int status)
{
    exit(status & 255);
}

static int builtin_true(char **argv)
{
    (void)argv;
    return 0;
}

static int builtin_false(char **argv)
{
    (void)argv;
    return 1;
}

/* The number an argument gives, or the value of last resort; -1 after a complaint. */
static int number_argument(char **argv, int otherwise)
{
    char *end;
    if (argv[1] == NULL)
        return otherwise;
    long n = strtol(argv[1], &end, 10);
    if (end != argv[1] && *end == '\0' && n >= 0 && n <= 0x7fffffff)
        return (int)n;
    complain("%s: %s: not a number", argv[0], argv[1]);
    return -1;
}

static int builtin_exit(char **argv)
{
    int status = number_argument(argv, sh.status);
    shell_exit(status < 0 ? 2 : status);
}

static int builtin_return(char **argv)
{
    int status = number_argument(argv, sh.status);
    sh.status = status < 0 ? 2 : status & 255;
    sh.control = RETURN;
    return sh.status;
}

static int leave(char **argv, enum control control)
{
    int levels = number_argument(argv, 1);
    if (levels < 0 || sh.loop_depth == 0)
        return levels < 0;
    sh.levels = levels < sh.loop_depth ? levels : sh.loop_depth;
    sh.control = control;
    return 0;
}

static int builtin_break(char **argv)
{
    return leave(argv, BREAK);
}

static int builtin_continue(char **argv)
{
    return leave(argv, CONTINUE);
}

static int builtin_cd(char **argv)
{
    const char *to = argv[1] != NULL ? argv[1] : var_get("HOME");
    int back = to != NULL && strcmp(to, "-") == 0;
    if (back)
        to = var_get("OLDPWD");
    if (to == NULL) {
        complain("cd: %s not set", back ? "OLDPWD" : "HOME");
        return 1;
    }
    char *old = getcwd(NULL, 0);
    if (chdir(to) != 0) {
        complain("cd: %s: %s", to, strerror(errno));
        free(old);
        return 1;
    }
    char *now = getcwd(NULL, 0);
    if (back && now != NULL)
        puts(now);
    if (old != NULL)
        var_set("OLDPWD", 6, old);
    if (now != NULL)
        var_set("PWD", 3, now);
    free(old);
    free(now);
    return 0;
}

static int builtin_pwd(char **argv)
{
    (void)argv;
    char *now = getcwd(NULL, 0);
    if (now == NULL) {
        complain("pwd: %s", strerror(errno));
        return 1;
    }
    puts(now);
    free(now);
    return 0;
}

/* Here too, and not only as a program: it is what scripts do most, and when nobody reads what a loop
 * of echoes writes, the shell that runs the loop is to end. */
static int builtin_echo(char **argv)
{
    int newline = argv[1] == NULL || strcmp(argv[1], "-n") != 0;
    for (char **arg = argv + (newline ? 1 : 2); *arg != NULL; arg++) {
        fputs(*arg, stdout);
        if (arg[1] != NULL)
            putchar(' ');
    }
    if (newline)
        putchar('\n');
    if (fflush(stdout) == 0 && !ferror(stdout))
        return 0;
    complain("echo: write error: %s", strerror(errno));
    clearerr(stdout);
    return 1;
}

static int builtin_export(char **argv)
{
    if (argv[1] == NULL)
        var_print_exported();
    for (argv++; *argv != NULL; argv++) {
        size_t n = assignment_name(*argv);
        if (n == 0 && !is_name(*argv, strlen(*argv))) {
            complain("export: %s: not a name", *argv);
            return 1;
        }
        if (n > 0)
            var_set(*argv, n, *argv + n + 1);
        var_export(n > 0 ? arena_copy(&scratch, *argv, n) : *argv);
    }
    return 0;
}

static int builtin_unset(char **argv)
{
    for (argv++; *argv != NULL; argv++)
        var_unset(*argv);
    return 0;
}

/* The arguments live as long as the shell: a function that is running may hold the old ones. */
static int set_arguments(char **argv)
{
    int n = 0;
    while (argv[n] != NULL)
        n++;
    char **copy = calloc(n + 1, sizeof(*copy));
    if (copy == NULL)
        return 2;
    for (int i = 0; i < n; i++)
        copy[i] = strdup(argv[i]);
    sh.args = copy;
    sh.nargs = n;
    return 0;
}

static int builtin_set(char **argv)
{
    if (argv[1] == NULL)
        var_print_all();
    for (argv++; *argv != NULL; argv++) {
        char sign = (*argv)[0];
        if (strcmp(*argv, "--") == 0)
            return set_arguments(argv + 1);
        if (sign != '-' && sign != '+')
            return set_arguments(argv);
        for (const char *p = *argv + 1; *p != '\0'; p++) {
            if (*p == 'e') {
                sh.exit_on_error = sign == '-';
            } else if (*p == 'x') {
                sh.trace = sign == '-';
            } else {
                complain("set: %c%c: no such option", sign, *p);
                return 2;
            }
        }
    }
    return 0;
}

static int builtin_shift(char **argv)
{
    int n = number_argument(argv, 1);
    if (n < 0 || n > sh.nargs)
        return 1;
    sh.args += n;
    sh.nargs -= n;
    return 0;
}

/* One line, byte by byte: what follows is for the next reader. 0 at its end without a newline. */
static int read_line(struct text *line)
{
    char c;
    while (!interrupt_wait_input() && read(STDIN_FILENO, &c, 1) == 1) {
        if (c == '\n')
            return 1;
        text_add_char(line, c);
    }
    return 0;
}

static int builtin_read(char **argv)
{
    struct text line = {.arena = &scratch};
    static char *fallback[] = {"REPLY", NULL};
    text_add(&line, "", 0);
    int complete = read_line(&line);
    const char *ifs = var_get("IFS") != NULL ? var_get("IFS") : " \t\n";
    char *s = line.s;
    for (char **name = argv[1] != NULL ? argv + 1 : fallback; *name != NULL; name++) {
        s += strspn(s, ifs);
        size_t n = name[1] != NULL ? strcspn(s, ifs) : strlen(s);
        char *value = arena_copy(&scratch, s, n);
        while (name[1] == NULL && n > 0 && strchr(ifs, value[n - 1]) != NULL)
            value[--n] = '\0';
        var_set(*name, strlen(*name), value);
        s += name[1] != NULL ? n : 0;
    }
    return complete ? 0 : 1;
}

static int builtin_umask(char **argv)
{
    if (argv[1] == NULL) {
        mode_t mask = umask(0);
        umask(mask);
        printf("%04o\n", mask);
        return 0;
    }
    char *end;
    long mask = strtol(argv[1], &end, 8);
    if (end == argv[1] || *end != '\0' || mask < 0 || mask > 0777) {
        complain("umask: %s: not an octal mode", argv[1]);
        return 1;
    }
    umask(mask);
    return 0;
}

static int builtin_exec(char **argv)
{
    if (argv[1] == NULL)
        return 0; /* for the redirections alone, which stay */
    jobs_leave();
    exec_program(argv + 1);
}

static int builtin_eval(char **argv)
{
    struct text all = {.arena = &scratch};
    text_add(&all, "", 0);
    for (argv++; *argv != NULL; argv++) {
        text_add(&all, *argv, strlen(*argv));
        text_add_char(&all, ' ');
    }
    sh.status = 0;
    return run_string(all.s);
}

static int builtin_source(char **argv)
{
    if (argv[1] == NULL) {
        complain(".: a file name is missing");
        return 2;
    }
    sh.status = 0;
    int status = run_file(argv[1], "sh");
    if (sh.control == RETURN)
        sh.control = RUN;
    return status;
}

static const struct {
    const char *name;
    builtin_fn *fn;
    int special;
} builtins[] = {
    {":", builtin_true, 1},      {".", builtin_source, 1},      {"[", builtin_test, 0},
    {"break", builtin_break, 1}, {"cd", builtin_cd, 0},         {"continue", builtin_continue, 1},
    {"echo", builtin_echo, 0},   {"eval", builtin_eval, 1},     {"exec", builtin_exec, 1},
    {"exit", builtin_exit, 1},   {"export", builtin_export, 1}, {"false", builtin_false, 0},
    {"fg", builtin_fg, 0},       {"jobs", builtin_jobs, 0},     {"kill", builtin_kill, 0},
    {"pwd", builtin_pwd, 0},     {"read", builtin_read, 0},     {"return", builtin_return, 1},
    {"set", builtin_set, 1},     {"shift", builtin_shift, 1},   {"test", builtin_test, 0},
    {"true", builtin_true, 0},   {"umask", builtin_umask, 0},   {"unset", builtin_unset, 1},
    {"wait", builtin_wait, 0},
};

enum { NBUILTINS = sizeof(builtins) / sizeof(builtins[0]) };

builtin_fn *builtin_find(const char *name)
{
    for (int i = 0; i < NBUILTINS; i++)
        if (strcmp(name, builtins[i].name) == 0)
            return builtins[i].fn;
    return NULL;
}

int builtin_is_special(const char *name)
{
    for (int i = 0; i < NBUILTINS; i++)
        if (strcmp(name, builtins[i].name) == 0)
            return builtins[i].special;
    return 0;
}
