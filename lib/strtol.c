/* strtol.c - integers from text, any base from 2 to 36. */
#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <strings.h>

struct number {
    unsigned long magnitude; /* ULONG_MAX when it did not fit */
    int negative;
    int overflow;
};

static int digit_value(int c)
{
    if (isdigit(c))
        return c - '0';
    if (isalpha(c))
        return tolower(c) - 'a' + 10;
    return INT_MAX;
}

/* Skips "0x" where a hexadecimal digit follows; returns the base that the text asks for. */
static int take_prefix(const char **s, int base)
{
    const char *p = *s;
    if ((base == 0 || base == 16) && p[0] == '0' && (p[1] | 32) == 'x' && isxdigit(p[2])) {
        *s += 2;
        return 16;
    }
    if (base == 0)
        return p[0] == '0' ? 8 : 10;
    return base;
}

static struct number parse(const char *s, char **end, int base)
{
    struct number num = {0, 0, 0};
    const char *start = s;
    while (isspace((unsigned char)*s))
        s++;
    if (*s == '-' || *s == '+')
        num.negative = *s++ == '-';
    base = take_prefix(&s, base);
    const char *digits = s;
    for (int d; (d = digit_value((unsigned char)*s)) < base; s++) {
        if (num.magnitude > (ULONG_MAX - d) / base)
            num.overflow = 1;
        num.magnitude = num.magnitude * base + d;
    }
    if (num.overflow)
        num.magnitude = ULONG_MAX;
    if (end != NULL)
        *end = (char *)(s > digits ? s : start);
    return num;
}

long strtol(const char *restrict s, char **restrict end, int base)
{
    struct number num = parse(s, end, base);
    unsigned long max = num.negative ? (unsigned long)LONG_MAX + 1 : LONG_MAX;
    if (num.magnitude > max) {
        errno = ERANGE;
        num.magnitude = max;
    }
    return num.negative ? (long)-num.magnitude : (long)num.magnitude;
}

unsigned long strtoul(const char *restrict s, char **restrict end, int base)
{
    struct number num = parse(s, end, base);
    if (num.overflow) {
        errno = ERANGE;
        return ULONG_MAX;
    }
    return num.negative ? -num.magnitude : num.magnitude;
}

long long strtoll(const char *restrict s, char **restrict end, int base)
{
    return strtol(s, end, base);
}

unsigned long long strtoull(const char *restrict s, char **restrict end, int base)
{
    return strtoul(s, end, base);
}

int atoi(const char *s)
{
    return (int)strtol(s, NULL, 10);
}

long atol(const char *s)
{
    return strtol(s, NULL, 10);
}

long long atoll(const char *s)
{
    return strtol(s, NULL, 10);
}
