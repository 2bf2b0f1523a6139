/*
 * strtod.c - floating-point numbers from text.
 *
 * The first nineteen digits are taken as an integer, which is then scaled by powers of ten. That
 * is exact for numbers of up to 15 digits and small exponents, and within a few units in the last
 * place otherwise: enough for arguments and configuration.
 */
#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <strings.h>

enum { MAX_DIGITS = 19, MAX_EXPONENT = 400 };

struct decimal {
    uint64_t digits;
    int ndigits;  /* significant ones taken */
    int exponent; /* value = digits * 10^exponent */
};

static void take_digit(struct decimal *d, int c, int after_point)
{
    if (d->ndigits < MAX_DIGITS) {
        d->digits = d->digits * 10 + (c - '0');
        d->ndigits += d->digits != 0;
        d->exponent -= after_point;
    } else {
        d->exponent += !after_point;
    }
}

static const char *take_mantissa(const char *s, struct decimal *d)
{
    int seen = 0;
    for (; isdigit((unsigned char)*s); s++, seen = 1)
        take_digit(d, *s, 0);
    if (*s == '.' && (seen || isdigit((unsigned char)s[1])))
        for (s++, seen = 1; isdigit((unsigned char)*s); s++)
            take_digit(d, *s, 1);
    return seen ? s : NULL;
}

static const char *take_exponent(const char *s, struct decimal *d)
{
    if ((*s | 32) != 'e')
        return s;
    const char *p = s + 1;
    int negative = *p == '-', e = 0;
    p += *p == '-' || *p == '+';
    if (!isdigit((unsigned char)*p))
        return s;
    for (; isdigit((unsigned char)*p); p++)
        if (e < 2 * MAX_EXPONENT)
            e = e * 10 + (*p - '0');
    d->exponent += negative ? -e : e;
    return p;
}

static double scale(double value, int exponent)
{
    static const double powers[] = {1e1, 1e2, 1e4, 1e8, 1e16, 1e32, 1e64, 1e128, 1e256};
    int e = exponent < 0 ? -exponent : exponent;
    if (value == 0 || e > MAX_EXPONENT)
        return value == 0 || exponent < 0 ? 0 : __builtin_inf();
    for (int i = 0; e != 0; i++, e >>= 1)
        if (e & 1)
            value = exponent < 0 ? value / powers[i] : value * powers[i];
    return value;
}

static const char *take_word(const char *s, double *value)
{
    if (strncasecmp(s, "inf", 3) == 0) {
        *value = __builtin_inf();
        return s + (strncasecmp(s, "infinity", 8) == 0 ? 8 : 3);
    }
    if (strncasecmp(s, "nan", 3) == 0) {
        *value = __builtin_nan("");
        return s + 3;
    }
    return NULL;
}

double strtod(const char *restrict s, char **restrict end)
{
    const char *p = s;
    while (isspace((unsigned char)*p))
        p++;
    int negative = *p == '-';
    p += *p == '-' || *p == '+';

    double value = 0;
    const char *after = take_word(p, &value);
    if (after == NULL) {
        struct decimal d = {0, 0, 0};
        after = take_mantissa(p, &d);
        if (after != NULL) {
            after = take_exponent(after, &d);
            value = scale((double)d.digits, d.exponent);
        }
    }
    if (end != NULL)
        *end = (char *)(after != NULL ? after : s);
    return negative ? -value : value;
}

double atof(const char *s)
{
    return strtod(s, NULL);
}
