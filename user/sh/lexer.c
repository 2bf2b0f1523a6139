/*
 * lexer.c - from lines to tokens.
 *
 * A word ends at an unquoted blank or operator. What is inside quotes, ${...}, $(...) or `...` is
 * skipped as a whole here, and taken apart by expand.c. When a line ends inside such a piece, the
 * next one is appended to it.
 */
#include "sh.h"

#include <stdlib.h>
#include <string.h>

void lexer_fail(struct lexer *lx, const char *what)
{
    if (!lx->failed) {
        sh.line = lx->src->line;
        complain("syntax error: %s", what);
    }
    lx->failed = 1;
    lx->have = 1;
    lx->token = T_END; /* so that every loop of the parser ends */
    lx->text = "";
}

static size_t skip_single(const char *s, size_t i)
{
    const char *end = strchr(s + i + 1, '\'');
    return end != NULL ? (size_t)(end - s) + 1 : 0;
}

/* Skips up to an unquoted closing character, counting those that open again. */
static size_t skip_nested(const char *s, size_t i, char open, char close)
{
    int depth = 1;
    while (s[i] != '\0') {
        if (s[i] == close && --depth == 0)
            return i + 1;
        if (open != '\0' && s[i] == open)
            depth++;
        i = skip_piece(s, i);
        if (i == 0)
            return 0;
    }
    return 0;
}

static size_t skip_double(const char *s, size_t i)
{
    for (i++; s[i] != '\0';) {
        if (s[i] == '"')
            return i + 1;
        i = s[i] == '\'' ? i + 1 : skip_piece(s, i); /* within "..." a ' is itself */
        if (i == 0)
            return 0;
    }
    return 0;
}

static size_t skip_backquoted(const char *s, size_t i)
{
    for (i++; s[i] != '\0'; i++) {
        if (s[i] == '`')
            return i + 1;
        if (s[i] == '\\' && s[i + 1] != '\0')
            i++;
    }
    return 0;
}

size_t skip_piece(const char *s, size_t i)
{
    switch (s[i]) {
    case '\\': return s[i + 1] == '\0' ? 0 : i + 2;
    case '\'': return skip_single(s, i);
    case '"': return skip_double(s, i);
    case '`': return skip_backquoted(s, i);
    case '$':
        if (s[i + 1] == '(')
            return skip_nested(s, i + 2, '(', ')');
        if (s[i + 1] == '{')
            return skip_nested(s, i + 2, '\0', '}');
        return i + 1;
    default: return i + 1;
    }
}

/* Makes sure there is a character ahead; 0 at the end of the input. */
static int fill(struct lexer *lx)
{
    struct source *src = lx->src;
    if (src->text != NULL && src->text[src->at] != '\0')
        return 1;
    return source_next_line(src, lx->begun);
}

/* Appends the next line to the current one: a piece may go over several. */
static int join_line(struct lexer *lx)
{
    struct source *src = lx->src;
    size_t at = src->at;
    char *before = src->text;
    src->text = NULL;
    if (source_next_line(src, 1)) {
        char *joined = malloc(strlen(before) + strlen(src->text) + 1);
        if (joined != NULL) {
            strcpy(stpcpy(joined, before), src->text);
            free(src->text);
            free(before);
            src->text = joined;
            src->at = at;
            return 1;
        }
    }
    free(before);
    return 0;
}

/* Drops a backslash before a newline, with it. Returns 1 if there was one. */
static int continue_line(struct lexer *lx)
{
    struct source *src = lx->src;
    const char *s = src->text + src->at;
    if (s[0] != '\\' || s[1] != '\n')
        return 0;
    lx->begun = 1;
    src->at += 2;
    return 1;
}

static void skip_blanks(struct lexer *lx)
{
    for (;;) {
        if (!fill(lx))
            return;
        char c = lx->src->text[lx->src->at];
        if (c == ' ' || c == '\t' || c == '\r')
            lx->src->at++;
        else if (c == '#')
            lx->src->at += strcspn(lx->src->text + lx->src->at, "\n");
        else if (!continue_line(lx))
            return;
    }
}

static int ends_word(char c)
{
    return c == '\0' || strchr(" \t\r\n;&|<>()", c) != NULL;
}

static void read_word(struct lexer *lx)
{
    struct source *src = lx->src;
    struct text word = {.arena = lx->arena};
    text_add(&word, "", 0);
    while (!ends_word(src->text[src->at])) {
        if (continue_line(lx)) {
            if (!fill(lx))
                break;
            continue;
        }
        size_t end = skip_piece(src->text, src->at);
        if (end != 0) {
            text_add(&word, src->text + src->at, end - src->at);
            src->at = end;
        } else if (!join_line(lx)) {
            lexer_fail(lx, "unterminated quote or substitution");
            return;
        }
    }
    lx->text = word.s;
    lx->token = T_WORD;
    char next = src->text[src->at];
    if ((next == '<' || next == '>') && word.n > 0 && strspn(word.s, "0123456789") == word.n)
        lx->token = T_NUMBER;
}

static const struct {
    const char *text;
    enum token token;
} operators[] = {
    /* longer ones first */
    {"&&", T_AND},         {"||", T_OR},         {";;", T_DOUBLE_SEMICOLON},
    {">>", T_APPEND},      {"<<", T_HERE},       {"<&", T_LESS_AND},
    {">&", T_GREATER_AND}, {"<>", T_READ_WRITE}, {"\n", T_NEWLINE},
    {"&", T_AMPERSAND},    {"|", T_PIPE},        {";", T_SEMICOLON},
    {"<", T_LESS},         {">", T_GREATER},     {"(", T_LEFT},
    {")", T_RIGHT},
};

static int read_operator(struct lexer *lx)
{
    const char *s = lx->src->text + lx->src->at;
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++) {
        size_t n = strlen(operators[i].text);
        if (strncmp(s, operators[i].text, n) == 0) {
            lx->src->at += n;
            lx->token = operators[i].token;
            lx->text = (char *)operators[i].text;
            return 1;
        }
    }
    return 0;
}

/* The end mark as the lines will show it: without its quotes. */
static char *here_mark(struct lexer *lx, const char *raw)
{
    struct text mark = {.arena = lx->arena};
    text_add(&mark, "", 0);
    for (; *raw != '\0'; raw++)
        if (strchr("'\"\\", *raw) == NULL)
            text_add_char(&mark, *raw);
    return mark.s;
}

/* The bodies of here-documents follow the line that named them. */
static void read_here_bodies(struct lexer *lx)
{
    for (int i = 0; i < lx->nhere; i++) {
        char *mark = here_mark(lx, lx->here[i]->target);
        struct text body = {.arena = lx->arena};
        text_add(&body, "", 0);
        while (fill(lx)) {
            const char *line = lx->src->text + lx->src->at;
            size_t n = strcspn(line, "\n");
            int last = n == strlen(mark) && strncmp(line, mark, n) == 0;
            if (line[n] == '\n')
                n++;
            lx->src->at += n;
            if (last)
                break;
            text_add(&body, line, n);
        }
        lx->here[i]->body = body.s;
    }
    lx->nhere = 0;
}

static void next(struct lexer *lx)
{
    skip_blanks(lx);
    if (lx->src->text == NULL) {
        lx->token = T_END;
        lx->text = "end of input";
        return;
    }
    if (!read_operator(lx))
        read_word(lx);
    lx->begun = 1;
    if (lx->token == T_NEWLINE && lx->nhere > 0)
        read_here_bodies(lx);
}

enum token lexer_peek(struct lexer *lx)
{
    if (!lx->have) {
        lx->have = 1;
        next(lx);
    }
    return lx->token;
}

void lexer_take(struct lexer *lx)
{
    lexer_peek(lx);
    lx->have = lx->failed; /* after an error the end stays ahead */
}
