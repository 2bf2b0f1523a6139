/* strchr.c - finding things in strings. */
#include <string.h>

char *strchrnul(const char *s, int c)
{
    while (*s != '\0' && *s != (char)c)
        s++;
    return (char *)s;
}

char *strchr(const char *s, int c)
{
    char *at = strchrnul(s, c);
    return *at == (char)c ? at : NULL;
}

char *strrchr(const char *s, int c)
{
    for (const char *p = s + strlen(s); p >= s; p--)
        if (*p == (char)c)
            return (char *)p;
    return NULL;
}

char *strstr(const char *haystack, const char *needle)
{
    size_t n = strlen(needle);
    for (; n > 0 && (haystack = strchr(haystack, *needle)) != NULL; haystack++)
        if (strncmp(haystack, needle, n) == 0)
            break;
    return (char *)haystack;
}

size_t strspn(const char *s, const char *accept)
{
    size_t n = 0;
    while (s[n] != '\0' && strchr(accept, s[n]) != NULL)
        n++;
    return n;
}

size_t strcspn(const char *s, const char *reject)
{
    size_t n = 0;
    while (s[n] != '\0' && strchr(reject, s[n]) == NULL)
        n++;
    return n;
}

char *strpbrk(const char *s, const char *accept)
{
    s += strcspn(s, accept);
    return *s != '\0' ? (char *)s : NULL;
}
