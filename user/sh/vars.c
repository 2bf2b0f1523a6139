/* vars.c - the shell's variables. */
#include "sh.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct var {
    struct var *next;
    char *name;
    char *value; /* NULL: exported, but not set */
    int exported;
};

static struct var *vars; /* sorted by name */

static char *copy(const char *s, size_t n)
{
    char *p = strndup(s, n);
    if (p == NULL)
        errx(2, "out of memory");
    return p;
}

/* As strcmp, of a variable's name and the first n characters of another. */
static int compare(const struct var *v, const char *name, size_t n)
{
    int order = strncmp(v->name, name, n);
    return order != 0 ? order : v->name[n] != '\0';
}

/* Where the variable is, or would have to go. */
static struct var **find(const char *name, size_t n)
{
    struct var **at = &vars;
    while (*at != NULL && compare(*at, name, n) < 0)
        at = &(*at)->next;
    return at;
}

static int is_named(const struct var *v, const char *name, size_t n)
{
    return v != NULL && compare(v, name, n) == 0;
}

static struct var *make(const char *name, size_t n)
{
    struct var **at = find(name, n);
    if (is_named(*at, name, n))
        return *at;
    struct var *v = calloc(1, sizeof(*v));
    if (v == NULL)
        errx(2, "out of memory");
    v->name = copy(name, n);
    v->next = *at;
    *at = v;
    return v;
}

const char *var_get(const char *name)
{
    struct var *v = *find(name, strlen(name));
    return is_named(v, name, strlen(name)) ? v->value : NULL;
}

void var_set(const char *name, size_t n, const char *value)
{
    struct var *v = make(name, n);
    char *old = v->value;
    v->value = copy(value, strlen(value)); /* value may be a part of old */
    free(old);
}

void var_export(const char *name)
{
    make(name, strlen(name))->exported = 1;
}

void var_unset(const char *name)
{
    struct var **at = find(name, strlen(name)), *v = *at;
    if (!is_named(v, name, strlen(name)))
        return;
    *at = v->next;
    free(v->name);
    free(v->value);
    free(v);
}

size_t assignment_name(const char *word)
{
    size_t n = strcspn(word, "=");
    return word[n] == '=' && is_name(word, n) ? n : 0;
}

void var_import(char **environment)
{
    for (; *environment != NULL; environment++) {
        size_t n = assignment_name(*environment);
        if (n == 0)
            continue;
        var_set(*environment, n, *environment + n + 1);
        make(*environment, n)->exported = 1;
    }
}

char **var_environment(void)
{
    size_t n = 0;
    for (struct var *v = vars; v != NULL; v = v->next)
        n += v->exported && v->value != NULL;
    char **list = arena_alloc(&scratch, (n + 1) * sizeof(*list)), **at = list;
    for (struct var *v = vars; v != NULL; v = v->next) {
        if (!v->exported || v->value == NULL)
            continue;
        *at = arena_alloc(&scratch, strlen(v->name) + strlen(v->value) + 2);
        strcpy(stpcpy(stpcpy(*at++, v->name), "="), v->value);
    }
    return list;
}

void var_print_exported(void)
{
    for (struct var *v = vars; v != NULL; v = v->next)
        if (v->exported && v->value != NULL)
            printf("export %s='%s'\n", v->name, v->value);
        else if (v->exported)
            printf("export %s\n", v->name);
}

void var_print_all(void)
{
    for (struct var *v = vars; v != NULL; v = v->next)
        if (v->value != NULL)
            printf("%s='%s'\n", v->name, v->value);
}
