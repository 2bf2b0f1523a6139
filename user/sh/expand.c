/*
 * expand.c - from words as written to the arguments of a command.
 *
 * A word becomes a row of characters, each of a kind that says what may still happen to it:
 *
 *      K_PLAIN     written without quotes: may be a wildcard
 *      K_QUOTED    stands for itself
 *      K_EXPANDED  came out of $x or $(...): may be a wildcard, and separates words if in IFS
 *      K_BREAK     the end of one word of "$@"
 *      K_NOTHING   marks an empty quoted string: "" is a word too
 */
#include "sh.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum kind { K_PLAIN, K_QUOTED, K_EXPANDED, K_BREAK, K_NOTHING };

struct row {
    struct text chars;
    struct text kinds;
    int failed;
};

static void expand_into(struct row *row, const char *s, const char *end, int quoted);

static void put(struct row *row, char c, enum kind kind)
{
    text_add_char(&row->chars, c);
    text_add_char(&row->kinds, (char)kind);
}

static void put_string(struct row *row, const char *s, enum kind kind)
{
    for (; *s != '\0'; s++)
        put(row, *s, kind);
}

static struct row new_row(void)
{
    struct row row = {.chars = {.arena = &scratch}, .kinds = {.arena = &scratch}};
    text_add(&row.chars, "", 0);
    text_add(&row.kinds, "", 0);
    return row;
}

/* ---- $(...) ---- */

static char *read_all(int fd)
{
    struct text out = {.arena = &scratch};
    char buf[512];
    text_add(&out, "", 0);
    for (ssize_t n; (n = read(fd, buf, sizeof(buf))) > 0;)
        text_add(&out, buf, n);
    while (out.n > 0 && out.s[out.n - 1] == '\n')
        out.s[--out.n] = '\0';
    return out.s;
}

static char *command_output(const char *command)
{
    int fds[2];
    if (pipe(fds) != 0) {
        complain("cannot make a pipe");
        return "";
    }
    pid_t pid = job_fork_apart();
    if (pid == 0) {
        dup2(fds[1], STDOUT_FILENO);
        close(fds[0]);
        close(fds[1]);
        shell_exit(run_string(command));
    }
    close(fds[1]);
    char *out = read_all(fds[0]);
    close(fds[0]);
    int status = 0;
    if (pid < 0)
        complain("cannot fork");
    else if (waitpid(pid, &status, 0) == pid)
        sh.substitution_status = status_of(status);
    return out;
}

static void expand_command(struct row *row, const char *s, size_t n, int quoted)
{
    char *command = arena_copy(&scratch, s, n);
    put_string(row, command_output(command), quoted ? K_QUOTED : K_EXPANDED);
}

/* In `...` a backslash quotes only $, ` and itself. */
static void expand_backquoted(struct row *row, const char *s, const char *end, int quoted)
{
    struct text command = {.arena = &scratch};
    text_add(&command, "", 0);
    for (; s < end; s++) {
        if (*s == '\\' && s + 1 < end && strchr("$`\\", s[1]) != NULL)
            s++;
        text_add_char(&command, *s);
    }
    expand_command(row, command.s, command.n, quoted);
}

static char *plain_text(const char *s, const char *end)
{
    struct row row = new_row();
    expand_into(&row, s, end, 1);
    return row.chars.s;
}

static void expand_arithmetic(struct row *row, const char *s, const char *end, int quoted)
{
    long value;
    char digits[24];
    if (arithmetic(plain_text(s, end), &value) != 0) {
        row->failed = 1;
        return;
    }
    snprintf(digits, sizeof(digits), "%ld", value);
    put_string(row, digits, quoted ? K_QUOTED : K_EXPANDED);
}

/* ---- ${...} ---- */

static char *number_text(long n)
{
    char digits[24];
    int length = snprintf(digits, sizeof(digits), "%ld", n);
    return arena_copy(&scratch, digits, length);
}

/* The length of a parameter's name at s: a name, digits, or one special character. */
static size_t parameter_length(const char *s, const char *end, int braces)
{
    size_t n = 0;
    if (s < end && (isalpha((unsigned char)*s) || *s == '_'))
        while (s + n < end && (isalnum((unsigned char)s[n]) || s[n] == '_'))
            n++;
    else if (s < end && isdigit((unsigned char)*s))
        do
            n++;
        while (braces && s + n < end && isdigit((unsigned char)s[n]));
    else if (s < end && strchr("@*#?$!-", *s) != NULL)
        n = 1;
    return n;
}

static const char *parameter_value(const char *name)
{
    if (isdigit((unsigned char)name[0])) {
        int i = atoi(name);
        return i == 0 ? sh.name : i <= sh.nargs ? sh.args[i - 1] : NULL;
    }
    switch (name[0]) {
    case '#': return number_text(sh.nargs);
    case '?': return number_text(sh.status);
    case '$': return number_text(sh.pid);
    case '!': return sh.last_background > 0 ? number_text(sh.last_background) : NULL;
    case '-': return sh.interactive ? "i" : "";
    default: return var_get(name);
    }
}

/* "$@" is as many words as there are arguments; "$*" one; without quotes both are split. */
static void put_arguments(struct row *row, char which, int quoted)
{
    const char *ifs = var_get("IFS");
    char glue = ifs == NULL ? ' ' : *ifs;
    for (int i = 0; i < sh.nargs; i++) {
        if (i > 0 && quoted && which == '@')
            put(row, ' ', K_BREAK);
        else if (i > 0 && (!quoted || glue != '\0'))
            put(row, quoted ? glue : ' ', quoted ? K_QUOTED : K_EXPANDED);
        if (quoted)
            put(row, ' ', K_NOTHING);
        put_string(row, sh.args[i], quoted ? K_QUOTED : K_EXPANDED);
    }
}

static void put_parameter(struct row *row, const char *name, int quoted)
{
    if (name[0] == '@' || name[0] == '*') {
        put_arguments(row, name[0], quoted);
        return;
    }
    const char *value = parameter_value(name);
    if (value != NULL)
        put_string(row, value, quoted ? K_QUOTED : K_EXPANDED);
}

static int parameter_is_set(const char *name, int not_empty)
{
    if (name[0] == '@' || name[0] == '*')
        return sh.nargs > 0;
    const char *value = parameter_value(name);
    return value != NULL && (!not_empty || *value != '\0');
}

/* ${x-word} ${x=word} ${x+word} ${x?word}; with a colon, empty counts as not set. */
static void expand_default(struct row *row, const char *name, const char *op, const char *end,
                           int quoted)
{
    int colon = *op == ':';
    op += colon;
    int set = parameter_is_set(name, colon);
    const char *word = op + 1;
    if (*op == '+') {
        if (set)
            expand_into(row, word, end, quoted);
    } else if (set) {
        put_parameter(row, name, quoted);
    } else if (*op == '-') {
        expand_into(row, word, end, quoted);
    } else if (*op == '=') {
        var_set(name, strlen(name), plain_text(word, end));
        put_parameter(row, name, quoted);
    } else {
        const char *text = plain_text(word, end);
        complain("%s: %s", name, *text != '\0' ? text : "parameter not set");
        row->failed = 1;
        if (!sh.interactive)
            shell_exit(2);
    }
}

/* ${x#pattern} ${x%pattern}: without the shortest match at the start, or the end; ## %% longest. */
static void expand_trimmed(struct row *row, const char *name, const char *op, const char *end,
                           int quoted)
{
    const char *value = parameter_value(name);
    if (value == NULL)
        return;
    int longest = op + 1 < end && op[1] == op[0];
    char *pattern = expand_pattern(arena_copy(&scratch, op + 1 + longest, end - op - 1 - longest));
    size_t n = strlen(value), from = 0, to = n;
    if (pattern == NULL)
        row->failed = 1;
    for (size_t i = 0; pattern != NULL && i <= n; i++) {
        size_t cut = longest ? n - i : i; /* length of the piece tried */
        const char *piece = *op == '#' ? arena_copy(&scratch, value, cut) : value + n - cut;
        if (!pattern_match(pattern, piece))
            continue;
        from = *op == '#' ? cut : 0;
        to = *op == '#' ? n : n - cut;
        break;
    }
    put_string(row, arena_copy(&scratch, value + from, to - from), quoted ? K_QUOTED : K_EXPANDED);
}

/* s is after "${", end at its "}". */
static void expand_braces(struct row *row, const char *s, const char *end, int quoted)
{
    int length_only = *s == '#' && end - s > 1;
    s += length_only;
    size_t n = parameter_length(s, end, 1);
    char *name = arena_copy(&scratch, s, n);
    const char *op = s + n;
    if (n > 0 && length_only && op == end) {
        const char *value = parameter_value(name);
        put_string(row, number_text(value != NULL ? strlen(value) : 0), K_QUOTED);
    } else if (n > 0 && op == end) {
        put_parameter(row, name, quoted);
    } else if (n > 0 && (*op == '#' || *op == '%')) {
        expand_trimmed(row, name, op, end, quoted);
    } else if (n > 0 && strchr("-=+?", op[*op == ':']) != NULL) {
        expand_default(row, name, op, end, quoted);
    } else {
        complain("bad substitution");
        row->failed = 1;
    }
}

/* ---- a word ---- */

/* s is at a '$'; end_piece is after all that belongs to it, or at s + 1 for a bare name. */
static const char *expand_dollar(struct row *row, const char *s, const char *end, int quoted)
{
    const char *after = s + (skip_piece(s, 0) > 0 ? skip_piece(s, 0) : 1);
    if (s[1] == '(' && s[2] == '(' && after[-2] == ')')
        expand_arithmetic(row, s + 3, after - 2, quoted);
    else if (s[1] == '(')
        expand_command(row, s + 2, after - s - 3, quoted);
    else if (s[1] == '{')
        expand_braces(row, s + 2, after - 1, quoted);
    else {
        size_t n = parameter_length(s + 1, end, 0);
        if (n == 0)
            put(row, '$', quoted ? K_QUOTED : K_PLAIN);
        else
            put_parameter(row, arena_copy(&scratch, s + 1, n), quoted);
        return s + 1 + n;
    }
    return after;
}

/* s is after the opening quote. "$@" alone, without arguments, is no word at all. */
static void expand_double_quoted(struct row *row, const char *s, const char *end)
{
    int only_arguments = end - s == 2 && strncmp(s, "$@", 2) == 0;
    if (!only_arguments)
        put(row, ' ', K_NOTHING);
    expand_into(row, s, end, 1);
}

static const char *expand_backslash(struct row *row, const char *s, const char *end, int quoted)
{
    if (s + 1 >= end) {
        put(row, '\\', K_QUOTED);
        return end;
    }
    if (quoted && s[1] == '\n')
        return s + 2;
    if (quoted && strchr("$`\"\\", s[1]) == NULL)
        put(row, '\\', K_QUOTED);
    put(row, s[1], K_QUOTED);
    return s + 2;
}

/* Expands [s, end) onto the row. quoted: it stands within double quotes. */
static void expand_into(struct row *row, const char *s, const char *end, int quoted)
{
    while (s < end && !row->failed) {
        const char *after = s + (skip_piece(s, 0) > 0 ? skip_piece(s, 0) : 1);
        if (*s == '\\') {
            s = expand_backslash(row, s, end, quoted);
        } else if (*s == '$') {
            s = expand_dollar(row, s, end, quoted);
        } else if (*s == '`') {
            expand_backquoted(row, s + 1, after - 1, quoted);
            s = after;
        } else if (*s == '"') {
            expand_double_quoted(row, s + 1, after - 1);
            s = after;
        } else if (*s == '\'' && !quoted) {
            put(row, ' ', K_NOTHING);
            for (s++; s < after - 1; s++)
                put(row, *s, K_QUOTED);
            s = after;
        } else {
            put(row, *s++, quoted ? K_QUOTED : K_PLAIN);
        }
    }
}

static struct row expand_word(const char *word)
{
    struct row row = new_row();
    const char *s = word;
    const char *home = var_get("HOME");
    if (*s == '~' && (s[1] == '\0' || s[1] == '/') && home != NULL) {
        put_string(&row, home, K_QUOTED);
        s++;
    }
    expand_into(&row, s, s + strlen(s), 0);
    return row;
}

/* ---- from rows to words ---- */

struct list {
    char **words;
    size_t n, capacity;
};

static void list_add(void *to, char *word)
{
    struct list *list = to;
    if (list->n + 1 >= list->capacity) { /* one more for the NULL at the end */
        size_t capacity = 2 * list->capacity + 8;
        char **bigger = arena_alloc(&scratch, capacity * sizeof(*bigger));
        if (list->n > 0)
            memcpy(bigger, list->words, list->n * sizeof(*bigger));
        list->words = bigger;
        list->capacity = capacity;
    }
    list->words[list->n++] = word;
}

/* Writes characters [from, to) as a pattern: what is quoted and could be a wildcard is escaped. */
static char *row_pattern(const struct row *row, size_t from, size_t to)
{
    struct text out = {.arena = &scratch};
    text_add(&out, "", 0);
    for (size_t i = from; i < to; i++) {
        enum kind kind = (enum kind)row->kinds.s[i];
        if (kind == K_NOTHING || kind == K_BREAK)
            continue;
        if (kind == K_QUOTED && strchr("*?[]\\-!^", row->chars.s[i]) != NULL)
            text_add_char(&out, '\\');
        text_add_char(&out, row->chars.s[i]);
    }
    return out.s;
}

static char *row_text(const struct row *row, size_t from, size_t to)
{
    struct text out = {.arena = &scratch};
    text_add(&out, "", 0);
    for (size_t i = from; i < to; i++) {
        enum kind kind = (enum kind)row->kinds.s[i];
        if (kind == K_BREAK)
            text_add_char(&out, ' ');
        else if (kind != K_NOTHING)
            text_add_char(&out, row->chars.s[i]);
    }
    return out.s;
}

static int unquoted_wildcard(const struct row *row, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if ((row->kinds.s[i] == K_PLAIN || row->kinds.s[i] == K_EXPANDED) &&
            strchr("*?[", row->chars.s[i]) != NULL)
            return 1;
    return 0;
}

static void add_field(struct list *list, const struct row *row, size_t from, size_t to)
{
    if (unquoted_wildcard(row, from, to) &&
        glob_add(row_pattern(row, from, to), list_add, list) > 0)
        return;
    list_add(list, row_text(row, from, to)); /* a pattern nothing matches stays as it is */
}

static void split(struct list *list, const struct row *row)
{
    const char *ifs = var_get("IFS");
    if (ifs == NULL)
        ifs = " \t\n";
    size_t start = 0, n = row->chars.n;
    for (size_t i = 0; i < n; i++) {
        char c = row->chars.s[i];
        int separates = row->kinds.s[i] == K_EXPANDED && strchr(ifs, c) != NULL;
        if (!separates && row->kinds.s[i] != K_BREAK)
            continue;
        /* Blanks in a row separate once; another separator ends a field even if it is empty. */
        if (i > start || (separates && strchr(" \t\n", c) == NULL))
            add_field(list, row, start, i);
        start = i + 1;
    }
    if (n > start)
        add_field(list, row, start, n);
}

char **expand_words(const struct word *words, int *count)
{
    struct list list = {0};
    for (; words != NULL; words = words->next) {
        struct row row = expand_word(words->text);
        if (row.failed)
            return NULL;
        split(&list, &row);
    }
    list_add(&list, NULL);
    *count = (int)list.n - 1;
    return list.words;
}

char *expand_single(const char *word)
{
    struct row row = expand_word(word);
    return row.failed ? NULL : row_text(&row, 0, row.chars.n);
}

char *expand_pattern(const char *word)
{
    struct row row = expand_word(word);
    return row.failed ? NULL : row_pattern(&row, 0, row.chars.n);
}

/* A here-document is as if in double quotes, except that " is nothing special in it. */
char *expand_here(const char *body)
{
    struct row row = new_row();
    for (const char *s = body, *end = body + strlen(body); s < end && !row.failed;) {
        size_t n = strcspn(s, "\"");
        expand_into(&row, s, s + n, 1);
        s += n;
        if (*s == '"')
            put(&row, *s++, K_QUOTED);
    }
    return row.failed ? NULL : row_text(&row, 0, row.chars.n);
}
