/*
 * parser.c - from tokens to a tree, by recursive descent:
 *
 *      list      and_or ((';' | '&' | newline) and_or)*
 *      and_or    pipeline (('&&' | '||') pipeline)*
 *      pipeline  ['!'] command ('|' command)*
 *      command   simple | compound redirection* | name '(' ')' compound
 *      compound  '(' list ')' | '{' list '}' | if | while | until | for | case
 *
 * After an error the lexer gives T_END for ever, so the functions simply return; what they return
 * is then not used.
 */
#include "sh.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct node *parse_list(struct lexer *lx);
static struct node *parse_command(struct lexer *lx);

static struct node *new_node(struct lexer *lx, enum node_type type)
{
    struct node *n = arena_alloc(lx->arena, sizeof(*n));
    n->type = type;
    n->line = lx->src->line;
    return n;
}

static void unexpected(struct lexer *lx)
{
    char what[80];
    enum token t = lexer_peek(lx);
    if (t == T_END)
        snprintf(what, sizeof(what), "unexpected end of input");
    else if (t == T_NEWLINE)
        snprintf(what, sizeof(what), "unexpected newline");
    else
        snprintf(what, sizeof(what), "unexpected '%.40s'", lx->text);
    lexer_fail(lx, what);
}

static int at_word(struct lexer *lx, const char *text)
{
    return lexer_peek(lx) == T_WORD && strcmp(lx->text, text) == 0;
}

static int accept_word(struct lexer *lx, const char *text)
{
    if (!at_word(lx, text))
        return 0;
    lexer_take(lx);
    return 1;
}

static void expect_word(struct lexer *lx, const char *text)
{
    if (!accept_word(lx, text))
        unexpected(lx);
}

static int accept(struct lexer *lx, enum token token)
{
    if (lexer_peek(lx) != token)
        return 0;
    lexer_take(lx);
    return 1;
}

static void expect(struct lexer *lx, enum token token)
{
    if (!accept(lx, token))
        unexpected(lx);
}

static void skip_newlines(struct lexer *lx)
{
    while (accept(lx, T_NEWLINE))
        continue;
}

int is_name(const char *s, size_t n)
{
    if (n == 0 || isdigit((unsigned char)s[0]))
        return 0;
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)s[i]) && s[i] != '_')
            return 0;
    return 1;
}

static struct word **append_word(struct lexer *lx, struct word **tail)
{
    struct word *w = arena_alloc(lx->arena, sizeof(*w));
    w->text = lx->text;
    *tail = w;
    lexer_take(lx);
    return &w->next;
}

static int redirect_of(enum token token, enum redirect_type *type, int *fd)
{
    static const struct {
        enum token token;
        enum redirect_type type;
        int fd;
    } table[] = {
        {T_LESS, R_READ, 0},
        {T_GREATER, R_WRITE, 1},
        {T_APPEND, R_APPEND, 1},
        {T_LESS_AND, R_DUPLICATE, 0},
        {T_GREATER_AND, R_DUPLICATE, 1},
        {T_READ_WRITE, R_READ_WRITE, 0},
        {T_HERE, R_HERE, 0},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].token == token) {
            *type = table[i].type;
            *fd = table[i].fd;
            return 1;
        }
    return 0;
}

/* Parses a redirection if there is one. */
static int parse_redirection(struct lexer *lx, struct redirection ***tail)
{
    struct redirection r = {0};
    int explicit_fd = -1;
    if (lexer_peek(lx) == T_NUMBER) {
        explicit_fd = atoi(lx->text);
        lexer_take(lx);
    }
    if (!redirect_of(lexer_peek(lx), &r.type, &r.fd))
        return 0;
    if (explicit_fd >= 0)
        r.fd = explicit_fd;
    lexer_take(lx);
    if (lexer_peek(lx) != T_WORD && lx->token != T_NUMBER) {
        unexpected(lx);
        return 0;
    }
    r.target = lx->text;
    struct redirection *made = arena_alloc(lx->arena, sizeof(*made));
    *made = r;
    if (r.type == R_HERE) {
        if (lx->nhere == MAX_HERE)
            lexer_fail(lx, "too many here-documents");
        else
            lx->here[lx->nhere++] = made;
    }
    lexer_take(lx);
    **tail = made;
    *tail = &made->next;
    return 1;
}

static struct node *parse_function(struct lexer *lx, struct node *n)
{
    if (n->words->next != NULL || !is_name(n->words->text, strlen(n->words->text))) {
        unexpected(lx);
        return n;
    }
    expect(lx, T_LEFT);
    expect(lx, T_RIGHT);
    skip_newlines(lx);
    n->type = N_FUNCTION;
    n->name = n->words->text;
    n->children = parse_command(lx);
    lx->arena->keep = 1;
    return n;
}

static struct node *parse_simple(struct lexer *lx)
{
    struct node *n = new_node(lx, N_SIMPLE);
    struct word **words = &n->words, **assignments = &n->assignments;
    struct redirection **redirections = &n->redirections;
    for (;;) {
        if (parse_redirection(lx, &redirections))
            continue;
        if (lexer_peek(lx) != T_WORD)
            break;
        if (n->words == NULL && assignment_name(lx->text) > 0)
            assignments = append_word(lx, assignments);
        else
            words = append_word(lx, words);
    }
    if (n->words != NULL && lexer_peek(lx) == T_LEFT)
        return parse_function(lx, n);
    if (n->words == NULL && n->assignments == NULL && n->redirections == NULL)
        unexpected(lx);
    return n;
}

/* Condition and then-part, and what else and elif add as a third child. */
static struct node *parse_if(struct lexer *lx)
{
    struct node *n = new_node(lx, N_IF);
    n->children = parse_list(lx);
    expect_word(lx, "then");
    n->children->next = parse_list(lx);
    struct node **rest = &n->children->next->next;
    if (accept_word(lx, "elif")) {
        *rest = parse_if(lx); /* which takes the fi */
        return n;
    }
    if (accept_word(lx, "else"))
        *rest = parse_list(lx);
    expect_word(lx, "fi");
    return n;
}

static struct node *parse_do(struct lexer *lx)
{
    expect_word(lx, "do");
    struct node *body = parse_list(lx);
    expect_word(lx, "done");
    return body;
}

static struct node *parse_while(struct lexer *lx, enum node_type type)
{
    struct node *n = new_node(lx, type);
    n->children = parse_list(lx);
    n->children->next = parse_do(lx);
    return n;
}

static struct node *parse_for(struct lexer *lx)
{
    struct node *n = new_node(lx, N_FOR);
    if (lexer_peek(lx) != T_WORD || !is_name(lx->text, strlen(lx->text))) {
        unexpected(lx);
        return n;
    }
    n->name = lx->text;
    lexer_take(lx);
    skip_newlines(lx);
    if (accept_word(lx, "in")) {
        n->has_in = 1;
        for (struct word **tail = &n->words; lexer_peek(lx) == T_WORD;)
            tail = append_word(lx, tail);
    }
    accept(lx, T_SEMICOLON);
    skip_newlines(lx);
    n->children = parse_do(lx);
    return n;
}

static struct node *parse_branch(struct lexer *lx)
{
    struct node *n = new_node(lx, N_BRANCH);
    struct word **tail = &n->words;
    accept(lx, T_LEFT);
    do {
        if (lexer_peek(lx) != T_WORD) {
            unexpected(lx);
            return n;
        }
        tail = append_word(lx, tail);
    } while (accept(lx, T_PIPE));
    expect(lx, T_RIGHT);
    n->children = parse_list(lx);
    return n;
}

static struct node *parse_case(struct lexer *lx)
{
    struct node *n = new_node(lx, N_CASE);
    if (lexer_peek(lx) != T_WORD) {
        unexpected(lx);
        return n;
    }
    append_word(lx, &n->words);
    skip_newlines(lx);
    expect_word(lx, "in");
    skip_newlines(lx);
    struct node **tail = &n->children;
    while (!at_word(lx, "esac") && !lx->failed) {
        *tail = parse_branch(lx);
        tail = &(*tail)->next;
        if (!accept(lx, T_DOUBLE_SEMICOLON))
            break;
        skip_newlines(lx);
    }
    expect_word(lx, "esac");
    return n;
}

static struct node *parse_enclosed(struct lexer *lx, enum node_type type)
{
    struct node *n = new_node(lx, type);
    n->children = parse_list(lx);
    return n;
}

static struct node *parse_compound(struct lexer *lx)
{
    struct node *n = NULL;
    if (accept(lx, T_LEFT)) {
        n = parse_enclosed(lx, N_SUBSHELL);
        expect(lx, T_RIGHT);
    } else if (accept_word(lx, "{")) {
        n = parse_enclosed(lx, N_GROUP);
        expect_word(lx, "}");
    } else if (accept_word(lx, "if")) {
        n = parse_if(lx);
    } else if (accept_word(lx, "while")) {
        n = parse_while(lx, N_WHILE);
    } else if (accept_word(lx, "until")) {
        n = parse_while(lx, N_UNTIL);
    } else if (accept_word(lx, "for")) {
        n = parse_for(lx);
    } else if (accept_word(lx, "case")) {
        n = parse_case(lx);
    }
    return n;
}

/* Words that end a list, where a command could start. */
static int at_closer(struct lexer *lx)
{
    static const char *const closers[] = {"then", "elif", "else", "fi", "do", "done", "esac", "}"};
    enum token t = lexer_peek(lx);
    if (t == T_END || t == T_RIGHT || t == T_DOUBLE_SEMICOLON)
        return 1;
    for (size_t i = 0; i < sizeof(closers) / sizeof(closers[0]); i++)
        if (at_word(lx, closers[i]))
            return 1;
    return 0;
}

static struct node *parse_command(struct lexer *lx)
{
    if (at_closer(lx)) {
        unexpected(lx);
        return new_node(lx, N_LIST);
    }
    struct node *n = parse_compound(lx);
    if (n == NULL)
        return parse_simple(lx);
    struct redirection **tail = &n->redirections;
    while (parse_redirection(lx, &tail))
        continue;
    return n;
}

static struct node *parse_pipeline(struct lexer *lx)
{
    int negated = 0;
    while (accept_word(lx, "!"))
        negated = !negated;
    struct node *first = parse_command(lx);
    if (!negated && lexer_peek(lx) != T_PIPE)
        return first;
    struct node *n = new_node(lx, N_PIPELINE);
    n->negated = negated;
    n->children = first;
    for (struct node *last = first; accept(lx, T_PIPE); last = last->next) {
        skip_newlines(lx);
        last->next = parse_command(lx);
    }
    return n;
}

static struct node *parse_and_or(struct lexer *lx)
{
    struct node *left = parse_pipeline(lx);
    for (;;) {
        enum token t = lexer_peek(lx);
        if (t != T_AND && t != T_OR)
            return left;
        lexer_take(lx);
        skip_newlines(lx);
        struct node *n = new_node(lx, t == T_AND ? N_AND : N_OR);
        n->children = left;
        left->next = parse_pipeline(lx);
        left = n;
    }
}

/* What the user typed for this command, as far as it is on the current line. */
static const char *typed_text(struct lexer *lx, const char *line, size_t from)
{
    if (line != lx->src->text || lx->src->at <= from)
        return "...";
    const char *start = line + from;
    size_t n = lx->src->at - from;
    while (n > 0 && strchr(" \t\n&", start[n - 1]) != NULL)
        n--;
    return arena_copy(lx->arena, start, n);
}

/* One command of a list with its ';' or '&'. Returns 0 if nothing more can follow on the line. */
static int parse_item(struct lexer *lx, struct node ***tail)
{
    lexer_peek(lx);
    const char *line = lx->src->text;
    size_t from = line != NULL ? lx->src->at - strlen(lx->text) : 0;
    struct node *n = parse_and_or(lx);
    /* The tree of an item may be shared with nothing, so its own next is free to link the list. */
    **tail = n;
    *tail = &n->next;
    if (accept(lx, T_AMPERSAND)) {
        n->background = 1;
        n->text = typed_text(lx, line, from);
        return 1;
    }
    return accept(lx, T_SEMICOLON);
}

/* A list that may go over several lines, up to a closing word. It must not be empty. */
static struct node *parse_list(struct lexer *lx)
{
    struct node *list = new_node(lx, N_LIST);
    struct node **tail = &list->children;
    skip_newlines(lx);
    if (at_closer(lx) && lx->token != T_DOUBLE_SEMICOLON && !at_word(lx, "esac"))
        unexpected(lx);
    while (!at_closer(lx)) {
        int separated = parse_item(lx, &tail);
        separated |= lexer_peek(lx) == T_NEWLINE;
        skip_newlines(lx);
        if (!separated)
            break;
    }
    return list;
}

int parse(struct source *src, struct arena *arena, struct node **out)
{
    struct lexer lx = {.src = src, .arena = arena};
    *out = NULL;
    if (lexer_peek(&lx) == T_END)
        return lx.failed ? -1 : 0;
    if (accept(&lx, T_NEWLINE))
        return 1;
    struct node *list = new_node(&lx, N_LIST);
    struct node **tail = &list->children;
    while (parse_item(&lx, &tail) && lexer_peek(&lx) != T_NEWLINE && lx.token != T_END)
        continue;
    if (!lx.failed && !accept(&lx, T_NEWLINE) && lexer_peek(&lx) != T_END)
        unexpected(&lx);
    *out = list;
    return lx.failed ? -1 : 1;
}
