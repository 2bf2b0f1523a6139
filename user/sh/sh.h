/*
 * sh.h - the parts of the shell and how they hang together.
 *
 *      input ---lines---> lexer ---tokens---> parser ---tree---> exec ---> redirect, jobs, builtins
 *      (edit, at a                                                |
 *       terminal)                                                 +--words--> expand ---> vars,
 *                                                                             glob, arith
 *
 * A word stays as it was written, quotes and all, until exec has it expanded: only then is it known
 * what $x is. The tree of one complete command lives in one arena; what expansion makes lives in
 * the scratch arena until its command is done.
 */
#ifndef SH_H
#define SH_H

#include <stddef.h>
#include <sys/types.h>

/* arena.c: memory that is freed together */

struct arena {
    struct arena_block *top;
    int keep; /* a function was defined in it: it stays for ever */
};

struct arena_mark {
    struct arena_block *block;
    size_t used;
};

extern struct arena scratch;

void *arena_alloc(struct arena *a, size_t size);
char *arena_copy(struct arena *a, const char *s, size_t n);
struct arena_mark arena_mark(struct arena *a);
void arena_release(struct arena *a, struct arena_mark mark); /* frees what came after the mark */
void arena_free(struct arena *a);

/* A string that grows at its end, in an arena. */
struct text {
    struct arena *arena;
    char *s; /* ends with '\0' */
    size_t n, capacity;
};

void text_add(struct text *t, const char *s, size_t n);
void text_add_char(struct text *t, char c);

/* input.c: where lines come from */

struct source {
    const char *name; /* of a script, for messages; NULL for other input */
    int line;         /* number of the line last given */
    int fd;           /* what to read, or -1 */
    const char *string;
    int buffered;    /* read ahead: nobody else reads from fd */
    int interactive; /* print prompts, edit lines */
    char *text;      /* the current line; the lexer stands at text[at] */
    size_t at;
    char *buffer;
    size_t pos, end;
};

void source_from_fd(struct source *src, int fd, const char *name, int buffered);
void source_from_string(struct source *src, const char *s);
int source_next_line(struct source *src, int continued); /* 0 at the end of the input */
void source_close(struct source *src);

/* edit.c */
char *edit_line(const char *prompt); /* from malloc, with its newline; NULL for end of input */

/* lexer.c */

enum token {
    T_END,
    T_NEWLINE,
    T_WORD,
    T_NUMBER, /* digits right before < or > */
    T_SEMICOLON,
    T_DOUBLE_SEMICOLON,
    T_AMPERSAND,
    T_AND,
    T_OR,
    T_PIPE,
    T_LEFT,
    T_RIGHT,
    T_LESS,
    T_GREATER,
    T_APPEND,
    T_LESS_AND,
    T_GREATER_AND,
    T_READ_WRITE,
    T_HERE,
};

enum { MAX_HERE = 8 };

struct redirection;

struct lexer {
    struct source *src;
    struct arena *arena;
    enum token token; /* the one ahead */
    char *text;       /* of the token ahead */
    int have;         /* there is one ahead */
    int begun;        /* something was read: a further line continues the command */
    int failed;
    struct redirection *here[MAX_HERE]; /* whose bodies start after this line */
    int nhere;
};

enum token lexer_peek(struct lexer *lx);
void lexer_take(struct lexer *lx);
void lexer_fail(struct lexer *lx, const char *what);
/* The index after a quoted or $-started piece of a word that begins at s[i]; 0 if it has no end. */
size_t skip_piece(const char *s, size_t i);

/* parser.c: the tree */

enum node_type {
    N_SIMPLE,   /* assignments, words */
    N_PIPELINE, /* children; negated */
    N_AND,      /* children: left && right */
    N_OR,       /* children: left || right */
    N_LIST,     /* children, one after the other */
    N_IF,       /* children: condition, then, and perhaps else */
    N_WHILE,    /* children: condition, body */
    N_UNTIL,    /* the same */
    N_FOR,      /* name, words (or has_in == 0: the arguments); child: body */
    N_CASE,     /* words: the one to match; children: N_BRANCH */
    N_BRANCH,   /* words: patterns; child: body */
    N_SUBSHELL, /* child */
    N_GROUP,    /* child */
    N_FUNCTION, /* name; child: body */
};

struct word {
    struct word *next;
    const char *text;
};

enum redirect_type { R_READ, R_WRITE, R_APPEND, R_READ_WRITE, R_DUPLICATE, R_HERE };

struct redirection {
    struct redirection *next;
    enum redirect_type type;
    int fd;
    const char *target; /* file name, descriptor, or the end mark of a here-document */
    const char *body;   /* of a here-document */
};

struct node {
    enum node_type type;
    int line;
    struct node *next; /* the next child of the same parent */
    struct node *children;
    struct word *words;
    struct word *assignments;
    struct redirection *redirections;
    const char *name;
    const char *text; /* of a background command, for jobs */
    unsigned char negated, background, has_in;
};

/* Reads one complete command. Returns 1 with *out (NULL for an empty line), 0 at the end of the
 * input, -1 after a syntax error, which it has reported. */
int parse(struct source *src, struct arena *arena, struct node **out);
int is_name(const char *s, size_t n);

/* vars.c */

const char *var_get(const char *name); /* NULL if not set */
void var_set(const char *name, size_t n, const char *value);
void var_export(const char *name);
void var_unset(const char *name);
void var_import(char **environment);
void var_print_exported(void);
void var_print_all(void);
char **var_environment(void);             /* in the scratch arena */
size_t assignment_name(const char *word); /* length of NAME in NAME=..., or 0 */

/* expand.c: all results in the scratch arena; NULL after an error, which is reported */

char **expand_words(const struct word *words, int *count);
char *expand_single(const char *word);  /* without splitting and globbing */
char *expand_pattern(const char *word); /* quoted characters come out with a backslash */
char *expand_here(const char *body);

/* glob.c */

int pattern_match(const char *pattern, const char *s);
int has_wildcard(const char *pattern);
char *pattern_unescape(const char *pattern);
/* Adds the sorted names of files that match; returns how many. */
int glob_add(const char *pattern, void (*add)(void *to, char *name), void *to);

/* arith.c */
int arithmetic(const char *s, long *value); /* 0, or -1 after reporting */

/* redirect.c */

struct saved_fd {
    struct saved_fd *next;
    int fd;
    int copy; /* -1: it was closed */
};

/* Applies redirections. With saved, what they hide is kept for redirect_restore. */
int redirect(const struct redirection *r, struct saved_fd **saved);
void redirect_restore(struct saved_fd *saved);

/* exec.c */

enum control { RUN, BREAK, CONTINUE, RETURN };

struct shell {
    int interactive;
    int exit_on_error;       /* set -e */
    int trace;               /* set -x */
    int status;              /* $? */
    int exempt;              /* inside a condition: set -e does not apply */
    int substitution_status; /* of the last $(...) in the words of a command */
    enum control control;    /* on the way out of loops or a function */
    int levels;              /* loops still to leave */
    int loop_depth;
    int function_depth;
    int interrupted;  /* ^C hit a foreground job or the shell: the line is given up */
    const char *name; /* $0 */
    char **args;      /* $1 ... */
    int nargs;
    pid_t pid;             /* $$, the same in subshells */
    pid_t last_background; /* $! */
    const struct source *source;
    int line;
};

extern struct shell sh;

int exec_node(struct node *n);
_Noreturn void exec_in_child(struct node *n);
int run_source(struct source *src);
int run_string(const char *s);
int run_file(const char *path, const char *who);
_Noreturn void exec_program(char **argv);
void complain(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* jobs.c */

struct job;

struct job *job_new(void);
pid_t job_fork(struct job *job, int background); /* as fork; the child is in the job's group */
int job_wait(struct job *job);                   /* in the foreground; returns the status */
void job_background(struct job *job, const char *text);
pid_t job_fork_apart(void); /* a child that is no job: for $(...) */
void jobs_init(void);
void jobs_leave(void); /* this process is no shell at a terminal any more */
void jobs_notify(void);
int status_of(int wait_status);
int builtin_jobs(char **argv);
int builtin_wait(char **argv);
int builtin_fg(char **argv);
int builtin_kill(char **argv);

/* interrupt.c: all of them only at a terminal */

void interrupt_line(void);      /* says that ^C came: sets sh.interrupted */
void interrupt_poll(void);      /* the same, if it came for the shell itself */
void interrupt_forget(void);    /* one that came before now is for nobody */
int interrupt_wait(void);       /* waits a little; did ^C come? */
int interrupt_wait_input(void); /* waits for input; did ^C come first? */

/* builtins.c, test.c */

typedef int builtin_fn(char **argv);
builtin_fn *builtin_find(const char *name);
int builtin_is_special(const char *name); /* its assignments stay, its redirection may too */
int builtin_test(char **argv);
_Noreturn void shell_exit(int status);

#endif
