/* exec.c - walking the tree. */
#include "sh.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127, INTERRUPTED = 128 + SIGINT, MAX_CALLS = 1000 };

struct function {
    struct function *next;
    const char *name;
    struct node *body;
};

struct shell sh;
static struct function *functions;

void complain(const char *fmt, ...)
{
    char text[400];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    fflush(stdout);
    if (sh.source != NULL && sh.source->name != NULL)
        fprintf(stderr, "%s: %d: %s\n", sh.source->name, sh.line, text);
    else
        fprintf(stderr, "sh: %s\n", text);
}

/* Is there a reason not to go on with the next command? */
static int stopping(void)
{
    return sh.control != RUN || sh.interrupted;
}

static void check_exit_on_error(int status)
{
    if (status != 0 && sh.exit_on_error && sh.exempt == 0 && !stopping())
        shell_exit(status);
}

/* ---- programs ---- */

_Noreturn void exec_program(char **argv)
{
    execvpe(argv[0], argv, var_environment());
    int reason = errno;
    struct stat st;
    if (reason == EACCES && stat(argv[0], &st) == 0 && S_ISDIR(st.st_mode))
        reason = EISDIR;
    if (reason == ENOENT && strchr(argv[0], '/') == NULL)
        complain("%s: not found", argv[0]);
    else
        complain("%s: %s", argv[0], strerror(reason));
    _exit(reason == ENOENT ? NOT_FOUND : NOT_EXECUTABLE);
}

static void trace(char **argv)
{
    fputc('+', stderr);
    for (; *argv != NULL; argv++)
        fprintf(stderr, " %s", *argv);
    fputc('\n', stderr);
}

/* Each NAME=value of a command. Exported, if they are for a program only. */
static int assign(const struct word *assignments, int export)
{
    for (; assignments != NULL; assignments = assignments->next) {
        size_t n = assignment_name(assignments->text);
        char *value = expand_single(assignments->text + n + 1);
        if (value == NULL)
            return -1;
        var_set(assignments->text, n, value);
        if (export)
            var_export(arena_copy(&scratch, assignments->text, n));
        if (sh.trace)
            fprintf(stderr, "+ %.*s=%s\n", (int)n, assignments->text, value);
    }
    return 0;
}

static _Noreturn void run_program_here(struct node *n, char **argv)
{
    if (redirect(n->redirections, NULL) != 0 || assign(n->assignments, 1) != 0)
        _exit(1);
    exec_program(argv);
}

static int run_program(struct node *n, char **argv)
{
    struct job *job = job_new();
    pid_t pid = job_fork(job, 0);
    if (pid == 0)
        run_program_here(n, argv);
    return pid < 0 ? 2 : job_wait(job);
}

/* ---- functions and builtins ---- */

static struct function *find_function(const char *name)
{
    struct function *f = functions;
    while (f != NULL && strcmp(f->name, name) != 0)
        f = f->next;
    return f;
}

static int define_function(struct node *n)
{
    struct function *f = find_function(n->name);
    if (f == NULL) {
        f = calloc(1, sizeof(*f));
        if (f == NULL)
            errx(2, "out of memory");
        f->name = n->name;
        f->next = functions;
        functions = f;
    }
    f->body = n->children;
    return 0;
}

static int call_function(const struct function *f, char **argv, int argc)
{
    char **args = sh.args;
    int nargs = sh.nargs, loop_depth = sh.loop_depth;
    if (sh.function_depth == MAX_CALLS) {
        complain("%s: functions call each other too deeply", f->name);
        return 2;
    }
    sh.args = argv + 1;
    sh.nargs = argc - 1;
    sh.loop_depth = 0;
    sh.function_depth++;
    int status = exec_node(f->body);
    sh.function_depth--;
    sh.loop_depth = loop_depth;
    sh.args = args;
    sh.nargs = nargs;
    if (sh.control == RETURN) {
        sh.control = RUN;
        status = sh.status;
    }
    return status;
}

/* Old values of variables that "x=1 builtin" changes only while it runs. */
struct saved_var {
    struct saved_var *next;
    const char *name;
    const char *value;
};

static struct saved_var *save_vars(const struct word *assignments)
{
    struct saved_var *saved = NULL;
    for (; assignments != NULL; assignments = assignments->next) {
        struct saved_var *s = arena_alloc(&scratch, sizeof(*s));
        s->name = arena_copy(&scratch, assignments->text, assignment_name(assignments->text));
        const char *value = var_get(s->name);
        s->value = value != NULL ? arena_copy(&scratch, value, strlen(value)) : NULL;
        s->next = saved;
        saved = s;
    }
    return saved;
}

static void restore_vars(const struct saved_var *s)
{
    for (; s != NULL; s = s->next)
        if (s->value != NULL)
            var_set(s->name, strlen(s->name), s->value);
        else
            var_unset(s->name);
}

/* A function or builtin, in this very process. */
static int run_inside(struct node *n, const struct function *f, builtin_fn *builtin, char **argv,
                      int argc)
{
    struct saved_fd *fds = NULL;
    int special = f == NULL && builtin_is_special(argv[0]);
    struct saved_var *vars = special ? NULL : save_vars(n->assignments);
    int status = 1;
    if (redirect(n->redirections, &fds) == 0 && assign(n->assignments, 0) == 0)
        status = f != NULL ? call_function(f, argv, argc) : builtin(argv);
    fflush(stdout);
    if (strcmp(argv[0], "exec") != 0 || f != NULL)
        redirect_restore(fds);
    restore_vars(vars);
    return status;
}

/* ---- simple commands ---- */

/* No words: only assignments and redirections, which are tried and undone. */
static int run_nothing(struct node *n)
{
    struct saved_fd *fds = NULL;
    int failed = redirect(n->redirections, &fds) != 0 || assign(n->assignments, 0) != 0;
    redirect_restore(fds);
    return failed ? 1 : sh.substitution_status;
}

/* in_child: this process has nothing else to do, so a program takes its place. */
static int exec_simple(struct node *n, int in_child)
{
    struct arena_mark mark = arena_mark(&scratch);
    int argc, status;
    sh.line = n->line;
    sh.substitution_status = 0;
    char **argv = expand_words(n->words, &argc);
    if (argv == NULL) {
        status = 1;
    } else if (argc == 0) {
        status = run_nothing(n);
    } else {
        const struct function *f = find_function(argv[0]);
        builtin_fn *builtin = f == NULL ? builtin_find(argv[0]) : NULL;
        if (sh.trace)
            trace(argv);
        if (f != NULL || builtin != NULL)
            status = run_inside(n, f, builtin, argv, argc);
        else if (in_child)
            run_program_here(n, argv);
        else
            status = run_program(n, argv);
    }
    arena_release(&scratch, mark);
    return status;
}

/* ---- pipelines, background, subshells ---- */

_Noreturn void exec_in_child(struct node *n)
{
    if (n->type == N_SIMPLE) {
        int status = exec_simple(n, 1);
        shell_exit(sh.control == RETURN ? sh.status : status);
    }
    shell_exit(exec_node(n));
}

static void connect(int fd, int to)
{
    if (fd != to) {
        dup2(fd, to);
        close(fd);
    }
}

/* Starts the commands of a pipeline, each reading what the one before writes. */
static int start_pipeline(struct node *n, struct job *job, int background)
{
    int in = STDIN_FILENO;
    for (struct node *command = n->children; command != NULL; command = command->next) {
        int fds[2] = {-1, STDOUT_FILENO};
        if (command->next != NULL && pipe(fds) != 0) {
            complain("cannot make a pipe: %s", strerror(errno));
            break;
        }
        pid_t pid = job_fork(job, background);
        if (pid == 0) {
            if (fds[0] >= 0)
                close(fds[0]);
            if (in != STDIN_FILENO)
                connect(in, STDIN_FILENO);
            connect(fds[1], STDOUT_FILENO);
            exec_in_child(command);
        }
        if (in != STDIN_FILENO)
            close(in);
        if (fds[1] != STDOUT_FILENO)
            close(fds[1]);
        in = fds[0];
        if (pid < 0)
            break;
        if (command->next == NULL)
            return 0;
    }
    if (in > STDIN_FILENO)
        close(in);
    return -1;
}

static int exec_pipeline(struct node *n)
{
    int status;
    if (n->children->next == NULL) {
        sh.exempt += n->negated;
        status = exec_node(n->children);
        sh.exempt -= n->negated;
    } else {
        struct job *job = job_new();
        int started = start_pipeline(n, job, 0);
        status = job_wait(job);
        if (started != 0)
            status = 2;
    }
    return n->negated ? !status : status;
}

static int exec_background(struct node *n)
{
    struct job *job = job_new();
    if (n->type == N_PIPELINE && n->children->next != NULL && !n->negated) {
        start_pipeline(n, job, 1);
    } else if (job_fork(job, 1) == 0) {
        n->background = 0;
        exec_in_child(n);
    }
    job_background(job, n->text);
    return 0;
}

static int exec_subshell(struct node *n)
{
    struct job *job = job_new();
    pid_t pid = job_fork(job, 0);
    if (pid == 0)
        exec_in_child(n->children);
    return pid < 0 ? 2 : job_wait(job);
}

/* ---- control ---- */

static int exec_condition(struct node *n)
{
    sh.exempt++;
    int status = exec_node(n);
    sh.exempt--;
    return status;
}

static int exec_list(struct node *n)
{
    int status = 0;
    for (struct node *item = n->children; item != NULL && !stopping(); item = item->next) {
        status = item->background ? exec_background(item) : exec_node(item);
        sh.status = status;
    }
    return status;
}

static int exec_and_or(struct node *n)
{
    int status = exec_condition(n->children);
    if (stopping() || (status == 0) != (n->type == N_AND))
        return status;
    sh.status = status;
    return exec_node(n->children->next);
}

static int exec_if(struct node *n)
{
    struct node *then = n->children->next;
    int status = exec_condition(n->children);
    if (stopping())
        return status;
    sh.status = status;
    if (status == 0)
        return exec_node(then);
    return then->next != NULL ? exec_node(then->next) : 0;
}

/* After the body of a loop: has a break or continue to be dealt with? Returns 1 to leave. */
static int leave_loop(void)
{
    if (sh.control == BREAK || sh.control == CONTINUE) {
        if (sh.levels > 1 && sh.loop_depth > 1) {
            sh.levels--; /* for a loop around this one */
            return 1;
        }
        int leave = sh.control == BREAK;
        sh.control = RUN;
        return leave;
    }
    return stopping();
}

static int exec_while(struct node *n)
{
    int status = 0;
    sh.loop_depth++;
    for (;;) {
        int condition = exec_condition(n->children);
        if (stopping()) {
            if (leave_loop())
                break;
            continue;
        }
        sh.status = condition;
        if ((condition == 0) != (n->type == N_WHILE))
            break;
        status = exec_node(n->children->next);
        if (leave_loop())
            break;
    }
    sh.loop_depth--;
    return status;
}

static int exec_for(struct node *n)
{
    int status = 0, count = sh.nargs;
    struct arena_mark mark = arena_mark(&scratch);
    char **words = n->has_in ? expand_words(n->words, &count) : sh.args;
    if (words == NULL)
        return 1;
    sh.loop_depth++;
    for (int i = 0; i < count; i++) {
        var_set(n->name, strlen(n->name), words[i]);
        status = exec_node(n->children);
        if (leave_loop())
            break;
    }
    sh.loop_depth--;
    arena_release(&scratch, mark);
    return status;
}

static int exec_case(struct node *n)
{
    struct arena_mark mark = arena_mark(&scratch);
    int status = 0, found = 0;
    char *subject = expand_single(n->words->text);
    if (subject == NULL)
        return 1;
    for (struct node *branch = n->children; branch != NULL && !found; branch = branch->next)
        for (struct word *w = branch->words; w != NULL && !found; w = w->next) {
            char *pattern = expand_pattern(w->text);
            found = pattern != NULL && pattern_match(pattern, subject);
            if (found)
                status = exec_node(branch->children);
        }
    arena_release(&scratch, mark);
    return status;
}

static int exec_plain(struct node *n)
{
    switch (n->type) {
    case N_SIMPLE: return exec_simple(n, 0);
    case N_PIPELINE: return exec_pipeline(n);
    case N_AND:
    case N_OR: return exec_and_or(n);
    case N_LIST: return exec_list(n);
    case N_IF: return exec_if(n);
    case N_WHILE:
    case N_UNTIL: return exec_while(n);
    case N_FOR: return exec_for(n);
    case N_CASE: return exec_case(n);
    case N_SUBSHELL: return exec_subshell(n);
    case N_FUNCTION: return define_function(n);
    case N_GROUP:
    case N_BRANCH: break;
    }
    return exec_node(n->children);
}

/* A compound command's redirections hold for all that is in it. */
static int exec_redirected(struct node *n)
{
    struct arena_mark mark = arena_mark(&scratch);
    struct saved_fd *fds = NULL;
    int status = redirect(n->redirections, &fds) == 0 ? exec_plain(n) : 1;
    redirect_restore(fds);
    arena_release(&scratch, mark);
    return status;
}

int exec_node(struct node *n)
{
    int compound = n->type != N_SIMPLE && n->redirections != NULL;
    int status = compound ? exec_redirected(n) : exec_plain(n);
    interrupt_poll();
    if (sh.interrupted)
        status = INTERRUPTED;
    if (n->type == N_SIMPLE || n->type == N_SUBSHELL || (n->type == N_PIPELINE && !n->negated))
        check_exit_on_error(status);
    if (sh.control != RETURN)
        sh.status = status;
    return sh.status;
}

/* ---- whole inputs ---- */

int run_source(struct source *src)
{
    const struct source *outer = sh.source;
    int result = 1;
    sh.source = src;
    while (result != 0) {
        struct arena arena = {0};
        struct node *tree;
        if (src->interactive)
            jobs_notify();
        result = parse(src, &arena, &tree);
        if (src->interactive)
            sh.interrupted = 0;
        if (result < 0)
            sh.status = 2;
        else if (tree != NULL)
            exec_node(tree);
        arena_free(&arena);
        if (result < 0 && src->interactive)
            source_close(src); /* give the rest of the line up */
        else if (result < 0 || sh.control != RUN || (sh.interrupted && !src->interactive))
            break;
    }
    sh.source = outer;
    source_close(src);
    return sh.status;
}

int run_string(const char *s)
{
    struct source src;
    source_from_string(&src, s);
    return run_source(&src);
}

int run_file(const char *path, const char *who)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        int missing = errno == ENOENT;
        fprintf(stderr, "%s: %s: %s\n", who, path, strerror(errno));
        return missing ? NOT_FOUND : NOT_EXECUTABLE;
    }
    struct source src;
    source_from_fd(&src, fd, path, 1);
    int status = run_source(&src);
    close(fd);
    return status;
}
