/*
 * glob.c - patterns: * any characters, ? one, [a-z] [!a-z] one of a set, \x the character x.
 *
 * File names are matched one directory level at a time; a leading dot is matched only by a dot.
 */
#include "sh.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Matches c against the set at p (after its '['). Returns the end of the set; NULL: it is none. */
static const char *match_set(const char *p, char c, int *matched)
{
    int negated = *p == '!' || *p == '^', found = 0;
    p += negated;
    for (const char *first = p; *p != ']' || p == first;) {
        if (*p == '\\' && p[1] != '\0')
            p++;
        if (*p == '\0')
            return NULL;
        unsigned char low = *p++, high = low;
        if (p[0] == '-' && p[1] != ']' && p[1] != '\0') {
            high = p[1];
            p += 2;
        }
        found |= low <= (unsigned char)c && (unsigned char)c <= high;
    }
    *matched = found != negated;
    return p + 1;
}

/* Matches one character; returns the rest of the pattern, or NULL. */
static const char *match_one(const char *p, char c)
{
    if (c == '\0')
        return NULL;
    if (*p == '?')
        return p + 1;
    if (*p == '[') {
        int matched;
        const char *end = match_set(p + 1, c, &matched);
        if (end != NULL)
            return matched ? end : NULL;
    }
    if (*p == '\\' && p[1] != '\0')
        p++;
    return *p == c ? p + 1 : NULL;
}

/* A star first takes nothing; when the rest fails, the last star takes one more. */
int pattern_match(const char *p, const char *s)
{
    const char *star = NULL, *star_s = NULL;
    while (*s != '\0' || *p != '\0') {
        if (*p == '*') {
            star = ++p;
            star_s = s;
            continue;
        }
        const char *next = match_one(p, *s);
        if (next != NULL) {
            p = next;
            s++;
        } else if (star != NULL && *star_s != '\0') {
            p = star;
            s = ++star_s;
        } else {
            return 0;
        }
    }
    return 1;
}

int has_wildcard(const char *p)
{
    for (; *p != '\0'; p++) {
        if (*p == '\\' && p[1] != '\0')
            p++;
        else if (strchr("*?[", *p) != NULL)
            return 1;
    }
    return 0;
}

char *pattern_unescape(const char *p)
{
    char *plain = arena_copy(&scratch, p, strlen(p)), *at = plain;
    for (; *p != '\0'; p++) {
        if (*p == '\\' && p[1] != '\0')
            p++;
        *at++ = *p;
    }
    *at = '\0';
    return plain;
}

struct search {
    void (*add)(void *to, char *name);
    void *to;
    int found;
};

struct names {
    char **list;
    size_t n, capacity;
};

static void names_add(struct names *names, const char *name)
{
    if (names->n == names->capacity) {
        size_t capacity = 2 * names->capacity + 16;
        char **bigger = arena_alloc(&scratch, capacity * sizeof(*bigger));
        if (names->n > 0)
            memcpy(bigger, names->list, names->n * sizeof(*bigger));
        names->list = bigger;
        names->capacity = capacity;
    }
    names->list[names->n++] = arena_copy(&scratch, name, strlen(name));
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static struct names matching_names(const char *dir, const char *pattern)
{
    struct names names = {0};
    DIR *d = opendir(*dir != '\0' ? dir : ".");
    if (d == NULL)
        return names;
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        if ((e->d_name[0] != '.' || pattern[0] == '.') && pattern_match(pattern, e->d_name))
            names_add(&names, e->d_name);
    closedir(d);
    qsort(names.list, names.n, sizeof(*names.list), by_name);
    return names;
}

static char *join(const char *prefix, const char *name, const char *slashes, size_t nslashes)
{
    struct text path = {.arena = &scratch};
    text_add(&path, prefix, strlen(prefix));
    text_add(&path, name, strlen(name));
    text_add(&path, slashes, nslashes);
    return path.s;
}

/* prefix is settled; pattern is what is left, starting with a name. */
static void search(struct search *s, const char *prefix, const char *pattern)
{
    struct stat st;
    if (*pattern == '\0') {
        s->add(s->to, arena_copy(&scratch, prefix, strlen(prefix)));
        s->found++;
        return;
    }
    size_t n = strcspn(pattern, "/"), nslashes = strspn(pattern + n, "/");
    char *part = arena_copy(&scratch, pattern, n);
    const char *slashes = pattern + n, *rest = slashes + nslashes;
    if (!has_wildcard(part)) {
        char *path = join(prefix, pattern_unescape(part), slashes, nslashes);
        if (lstat(path, &st) == 0)
            search(s, path, rest);
        return;
    }
    struct names names = matching_names(prefix, part);
    for (size_t i = 0; i < names.n; i++) {
        char *path = join(prefix, names.list[i], slashes, nslashes);
        if (nslashes == 0 || (stat(path, &st) == 0 && S_ISDIR(st.st_mode)))
            search(s, path, rest);
    }
}

int glob_add(const char *pattern, void (*add)(void *to, char *name), void *to)
{
    struct search s = {add, to, 0};
    size_t root = strspn(pattern, "/");
    search(&s, arena_copy(&scratch, pattern, root), pattern + root);
    return s.found;
}
