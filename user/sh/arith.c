/*
 * arith.c - $((...)): whole numbers, variables, parentheses, and the operators of C from || to
 * unary. Assignment is left to the shell's own.
 */
#include "sh.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

struct scan {
    const char *s;
    const char *error;
};

enum { HIGHEST = 9 };

static long parse_binary(struct scan *in, int level);

static void skip_blanks(struct scan *in)
{
    in->s += strspn(in->s, " \t\n");
}

static long parse_variable(struct scan *in)
{
    size_t n = 0;
    while (isalnum((unsigned char)in->s[n]) || in->s[n] == '_')
        n++;
    const char *value = var_get(arena_copy(&scratch, in->s, n));
    in->s += n;
    return value != NULL ? strtol(value, NULL, 0) : 0;
}

static long parse_unary(struct scan *in)
{
    char *end;
    skip_blanks(in);
    char c = *in->s;
    if (c != '\0' && strchr("-+!~", c) != NULL) {
        in->s++;
        long v = parse_unary(in);
        return c == '-' ? (long)-(unsigned long)v : c == '!' ? !v : c == '~' ? ~v : v;
    }
    if (c == '(') {
        in->s++;
        long v = parse_binary(in, 0);
        skip_blanks(in);
        if (*in->s != ')')
            in->error = "missing )";
        else
            in->s++;
        return v;
    }
    if (isalpha((unsigned char)c) || c == '_')
        return parse_variable(in);
    long v = strtol(in->s, &end, 0);
    if (end == in->s)
        in->error = "a number is missing";
    in->s = end;
    return v;
}

/* The operator at the scan, with its level; loosest first, longer before shorter. */
static const char *match_operator(const char *s, int *level)
{
    static const struct {
        const char *text;
        int level;
    } operators[] = {
        {"||", 0}, {"&&", 1}, {"==", 5}, {"!=", 5}, {"<=", 6}, {">=", 6},
        {"<<", 7}, {">>", 7}, {"|", 2},  {"^", 3},  {"&", 4},  {"<", 6},
        {">", 6},  {"+", 8},  {"-", 8},  {"*", 9},  {"/", 9},  {"%", 9},
    };
    for (size_t i = 0; i < sizeof(operators) / sizeof(operators[0]); i++)
        if (strncmp(s, operators[i].text, strlen(operators[i].text)) == 0) {
            *level = operators[i].level;
            return operators[i].text;
        }
    return NULL;
}

static long divide(struct scan *in, char op, long a, long b)
{
    if (b == 0) {
        in->error = "division by zero";
        return 0;
    }
    if (b == -1) /* the one quotient that does not fit */
        return op == '/' ? (long)-(unsigned long)a : 0;
    return op == '/' ? a / b : a % b;
}

static long apply(struct scan *in, const char *op, long a, long b)
{
    unsigned long x = a, y = b; /* these wrap around */
    switch (op[0]) {
    case '|': return op[1] != '\0' ? a || b : a | b;
    case '&': return op[1] != '\0' ? a && b : a & b;
    case '^': return a ^ b;
    case '=': return a == b;
    case '!': return a != b;
    case '<': return op[1] == '<' ? (long)(x << (y & 63)) : op[1] == '=' ? a <= b : a < b;
    case '>': return op[1] == '>' ? a >> (y & 63) : op[1] == '=' ? a >= b : a > b;
    case '+': return (long)(x + y);
    case '-': return (long)(x - y);
    case '*': return (long)(x * y);
    default: return divide(in, op[0], a, b);
    }
}

static long parse_binary(struct scan *in, int level)
{
    if (level > HIGHEST)
        return parse_unary(in);
    long left = parse_binary(in, level + 1);
    for (;;) {
        int found;
        skip_blanks(in);
        const char *op = match_operator(in->s, &found);
        if (op == NULL || found != level || in->error != NULL)
            return left;
        in->s += strlen(op);
        left = apply(in, op, left, parse_binary(in, level + 1));
    }
}

int arithmetic(const char *s, long *value)
{
    struct scan in = {s, NULL};
    *value = parse_binary(&in, 0);
    skip_blanks(&in);
    if (in.error == NULL && *in.s != '\0')
        in.error = "syntax error";
    if (in.error == NULL)
        return 0;
    complain("arithmetic: %s: '%s'", in.error, s);
    return -1;
}
