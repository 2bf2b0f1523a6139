/*
 * test.c - the test and [ commands:
 *
 *      or       and ('-o' and)*
 *      and      not ('-a' not)*
 *      not      '!' not | primary
 *      primary  '(' or ')' | a OPERATOR b | -LETTER a | a
 */
#include "sh.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct scan {
    char **at, **end;
    int failed;
};

static int parse_or(struct scan *in);

static int left(const struct scan *in)
{
    return (int)(in->end - in->at);
}

static int accept(struct scan *in, const char *text)
{
    if (left(in) == 0 || strcmp(*in->at, text) != 0)
        return 0;
    in->at++;
    return 1;
}

static long number(struct scan *in, const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);
    end += strspn(end, " \t");
    if (end == text || *end != '\0') {
        if (!in->failed)
            complain("test: %s: not a number", text);
        in->failed = 1;
    }
    return n;
}

static int test_file(char letter, const char *name)
{
    struct stat st;
    if (letter == 'L' || letter == 'h')
        return lstat(name, &st) == 0 && S_ISLNK(st.st_mode);
    if (letter == 'r' || letter == 'w' || letter == 'x')
        return access(name, letter == 'r' ? R_OK : letter == 'w' ? W_OK : X_OK) == 0;
    if (stat(name, &st) != 0)
        return 0;
    switch (letter) {
    case 'f': return S_ISREG(st.st_mode);
    case 'd': return S_ISDIR(st.st_mode);
    case 'c': return S_ISCHR(st.st_mode);
    case 'b': return S_ISBLK(st.st_mode);
    case 'p': return S_ISFIFO(st.st_mode);
    case 's': return st.st_size > 0;
    default: return 1;
    }
}

static int is_unary(const char *op)
{
    return op[0] == '-' && op[1] != '\0' && op[2] == '\0' && strchr("nzefdcbpsrwxhLt", op[1]);
}

static int unary(struct scan *in, char letter, const char *operand)
{
    if (letter == 'n')
        return *operand != '\0';
    if (letter == 'z')
        return *operand == '\0';
    if (letter == 't')
        return isatty((int)number(in, operand));
    return test_file(letter, operand);
}

static int is_binary(const char *op)
{
    static const char *const ops[] = {"=",   "==",  "!=",  "-eq", "-ne",
                                      "-lt", "-le", "-gt", "-ge", "-nt"};
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
        if (strcmp(op, ops[i]) == 0)
            return 1;
    return 0;
}

static int newer(const char *a, const char *b)
{
    struct stat x, y;
    if (stat(a, &x) != 0 || stat(b, &y) != 0)
        return 0;
    return x.st_mtim.tv_sec > y.st_mtim.tv_sec ||
           (x.st_mtim.tv_sec == y.st_mtim.tv_sec && x.st_mtim.tv_nsec > y.st_mtim.tv_nsec);
}

static int binary(struct scan *in, const char *a, const char *op, const char *b)
{
    if (op[0] != '-')
        return (strcmp(a, b) == 0) == (op[0] == '=');
    if (strcmp(op, "-nt") == 0)
        return newer(a, b);
    long x = number(in, a), y = number(in, b);
    switch (op[1]) {
    case 'e': return x == y;
    case 'n': return x != y;
    case 'l': return op[2] == 't' ? x < y : x <= y;
    default: return op[2] == 't' ? x > y : x >= y;
    }
}

static int parse_primary(struct scan *in)
{
    if (left(in) >= 3 && is_binary(in->at[1])) {
        in->at += 3;
        return binary(in, in->at[-3], in->at[-2], in->at[-1]);
    }
    if (left(in) >= 2 && is_unary(*in->at)) {
        in->at += 2;
        return unary(in, in->at[-2][1], in->at[-1]);
    }
    if (left(in) >= 3 && accept(in, "(")) {
        int value = parse_or(in);
        in->failed |= !accept(in, ")");
        return value;
    }
    if (left(in) == 0) {
        in->failed = 1;
        return 0;
    }
    return **in->at++ != '\0';
}

static int parse_not(struct scan *in)
{
    if (left(in) >= 2 && !(left(in) >= 3 && is_binary(in->at[1])) && accept(in, "!"))
        return !parse_not(in);
    return parse_primary(in);
}

static int parse_and(struct scan *in)
{
    int value = parse_not(in);
    while (accept(in, "-a"))
        value &= parse_not(in);
    return value;
}

static int parse_or(struct scan *in)
{
    int value = parse_and(in);
    while (accept(in, "-o"))
        value |= parse_and(in);
    return value;
}

int builtin_test(char **argv)
{
    struct scan in = {.at = argv + 1, .end = argv + 1};
    while (*in.end != NULL)
        in.end++;
    if (strcmp(argv[0], "[") == 0) {
        if (left(&in) == 0 || strcmp(in.end[-1], "]") != 0) {
            complain("[: missing ]");
            return 2;
        }
        in.end--;
    }
    if (left(&in) == 0)
        return 1;
    int value = parse_or(&in);
    if (!in.failed && left(&in) > 0) {
        complain("%s: unexpected '%s'", argv[0], *in.at);
        in.failed = 1;
    }
    return in.failed ? 2 : !value;
}
