/*
 * grep - prints the lines that match a pattern: -i ignores case, -v the others, -n with line
 * numbers, -c only how many, -q nothing. Exit status 0 if a line was found, 1 if none, 2 on error.
 *
 * The patterns are basic regular expressions without groups:
 *      ^ at the start   $ at the end   . any character   [a-z] [^a-z] one of a set
 *      x* any number of x, even none   \x the character x itself
 */
#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int ignore_case, inverted, numbers, count_only, quiet;

static int fold(int c)
{
    return ignore_case ? tolower((unsigned char)c) : (unsigned char)c;
}

/* The end of the atom (one character, '.', a set, or an escape) at p. */
static const char *atom_end(const char *p)
{
    if (*p == '\\' && p[1] != '\0')
        return p + 2;
    if (*p != '[')
        return p + 1;
    const char *q = p + 1;
    q += *q == '^';
    q += *q == ']'; /* first in a set it stands for itself */
    q = strchr(q, ']');
    return q != NULL ? q + 1 : NULL;
}

static int set_matches(const char *p, const char *end, int c)
{
    int negated = *p == '^', found = 0;
    for (p += negated; p < end; p++) {
        if (p + 2 < end && p[1] == '-') {
            found |= fold(p[0]) <= c && c <= fold(p[2]);
            p += 2;
        } else {
            found |= fold(*p) == c;
        }
    }
    return found != negated;
}

static int atom_matches(const char *p, const char *end, char text)
{
    int c = fold(text);
    if (*p == '[')
        return set_matches(p + 1, end - 1, c);
    if (*p == '.')
        return 1;
    return fold(*p == '\\' && p[1] != '\0' ? p[1] : *p) == c;
}

/* Does the pattern match text from its very start? */
static int match_here(const char *p, const char *text)
{
    while (*p != '\0') {
        if (p[0] == '$' && p[1] == '\0')
            return *text == '\0';
        const char *end = atom_end(p);
        if (*end == '*') {
            const char *longest = text;
            while (*longest != '\0' && atom_matches(p, end, *longest))
                longest++;
            for (; longest >= text; longest--)
                if (match_here(end + 1, longest))
                    return 1;
            return 0;
        }
        if (*text == '\0' || !atom_matches(p, end, *text))
            return 0;
        text++;
        p = end;
    }
    return 1;
}

static int matches(const char *pattern, const char *text)
{
    if (*pattern == '^')
        return match_here(pattern + 1, text);
    do {
        if (match_here(pattern, text))
            return 1;
    } while (*text++ != '\0');
    return 0;
}

static void check_pattern(const char *pattern)
{
    for (const char *p = pattern; *p != '\0'; p = atom_end(p)) {
        if (p[0] == '\\' && p[1] == '\0')
            errx(2, "trailing backslash");
        if (atom_end(p) == NULL)
            errx(2, "unmatched [");
    }
}

/* Returns the number of lines selected. */
static long grep(const char *pattern, FILE *f, const char *prefix)
{
    char *line = NULL;
    size_t cap = 0;
    long found = 0, number = 0;
    for (ssize_t n; (n = getline(&line, &cap, f)) > 0;) {
        number++;
        if (line[n - 1] == '\n')
            line[n - 1] = '\0';
        if (matches(pattern, line) == inverted)
            continue;
        found++;
        if (quiet)
            break;
        if (count_only)
            continue;
        if (prefix != NULL)
            printf("%s:", prefix);
        if (numbers)
            printf("%ld:", number);
        puts(line);
    }
    free(line);
    if (count_only && !quiet)
        printf("%s%s%ld\n", prefix != NULL ? prefix : "", prefix != NULL ? ":" : "", found);
    return found;
}

int main(int argc, char **argv)
{
    int found = 0, failed = 0, c;
    while ((c = getopt(argc, argv, "ivncq")) != -1) {
        if (c == '?')
            return 2;
        ignore_case |= c == 'i';
        inverted |= c == 'v';
        numbers |= c == 'n';
        count_only |= c == 'c';
        quiet |= c == 'q';
    }
    if (optind == argc) {
        fputs("usage: grep [-ivncq] pattern [file...]\n", stderr);
        return 2;
    }
    const char *pattern = argv[optind++];
    check_pattern(pattern);
    if (optind == argc)
        found = grep(pattern, stdin, NULL) > 0;
    int several = argc - optind > 1;
    for (; optind < argc; optind++) {
        FILE *f = fopen(argv[optind], "r");
        if (f == NULL) {
            warn("%s", argv[optind]);
            failed = 1;
            continue;
        }
        found |= grep(pattern, f, several ? argv[optind] : NULL) > 0;
        if (ferror(f)) {
            warn("%s", argv[optind]);
            failed = 1;
        }
        fclose(f);
    }
    return failed && !(quiet && found) ? 2 : !found;
}
