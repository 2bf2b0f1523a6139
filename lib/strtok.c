/* strtok.c - cutting a string at separators. */
#include <string.h>

char *strtok_r(char *restrict s, const char *restrict sep, char **restrict next)
{
    if (s == NULL)
        s = *next;
    s += strspn(s, sep);
    *next = s + strcspn(s, sep);
    if (**next != '\0')
        *(*next)++ = '\0';
    return *s != '\0' ? s : NULL;
}

char *strtok(char *restrict s, const char *restrict sep)
{
    static char *next;
    return strtok_r(s, sep, &next);
}

char *strsep(char **s, const char *sep)
{
    char *token = *s;
    if (token == NULL)
        return NULL;
    char *end = token + strcspn(token, sep);
    *s = *end != '\0' ? end + 1 : NULL;
    *end = '\0';
    return token;
}
