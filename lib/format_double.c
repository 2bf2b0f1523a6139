/*
 * format_double.c - %e %f %g, correctly rounded.
 *
 * A double is m * 2^e with a whole m < 2^53, so it has a finite decimal expansion: at most 309
 * digits before the point and 1074 after it. We compute all of it, in base 10^9:
 *
 *      group:   0 ... POINT-1 | POINT ... GROUPS-1        value = sum group[i] * 10^(9*(POINT-1-i))
 *               whole part    | fraction
 *
 * m goes in as a whole number and is then doubled or halved |e| times (up to 29 or 9 bits a step:
 * the largest that fit the arithmetic). The rest is done on the string of digits.
 */
#include "file.h"

#include <limits.h>
#include <stdint.h>
#include <string.h>

enum {
    BASE = 1000000000,
    GROUP_DIGITS = 9,
    POINT = 36,           /* 36 * 9 digits hold 2^1024 */
    GROUPS = POINT + 120, /* 120 * 9 digits hold 2^-1074 */
    NDIGITS = GROUPS * GROUP_DIGITS,
    MANTISSA_BITS = 52,
    EXPONENT_BIAS = 1075, /* of the mantissa as a whole number */
    MAX_DOUBLE_SHIFT = 29,
    MAX_HALVE_SHIFT = 9, /* 10^9 is divisible by 2^9 */
    MAX_PRECISION = 1 << 20,
};

struct expansion {
    char digits[1 + NDIGITS]; /* '0'..'9'; the first is a zero for rounding to carry into */
    int point;                /* index of the first digit after the point */
    int first;                /* index of the first digit that is not zero; == end for zero */
    int end;                  /* one after the last digit that may be used */
};

static void multiply(uint32_t *group, int shift)
{
    uint64_t carry = 0;
    for (int i = POINT; i-- > 0;) {
        uint64_t v = ((uint64_t)group[i] << shift) + carry;
        group[i] = v % BASE;
        carry = v / BASE;
    }
}

static void divide(uint32_t *group, int shift)
{
    uint32_t remainder = 0;
    for (int i = 0; i < GROUPS; i++) {
        uint32_t v = group[i];
        group[i] = (v >> shift) + remainder * ((uint32_t)BASE >> shift);
        remainder = v & ((1U << shift) - 1);
    }
}

static void set_value(uint32_t *group, uint64_t bits)
{
    int e = (bits >> MANTISSA_BITS) & 0x7ff;
    uint64_t m = bits & ((1UL << MANTISSA_BITS) - 1);
    if (e == 0)
        e = 1; /* subnormal: no hidden bit */
    else
        m |= 1UL << MANTISSA_BITS;
    memset(group, 0, GROUPS * sizeof(*group));
    group[POINT - 1] = m % BASE;
    group[POINT - 2] = m / BASE; /* m < 10^18 */
    e -= EXPONENT_BIAS;
    for (int left = e; left > 0; left -= MAX_DOUBLE_SHIFT)
        multiply(group, left < MAX_DOUBLE_SHIFT ? left : MAX_DOUBLE_SHIFT);
    for (int left = -e; left > 0; left -= MAX_HALVE_SHIFT)
        divide(group, left < MAX_HALVE_SHIFT ? left : MAX_HALVE_SHIFT);
}

static void expand(struct expansion *x, double value)
{
    uint32_t group[GROUPS];
    uint64_t bits;
    memcpy(&bits, &value, sizeof(bits));
    set_value(group, bits);
    for (int i = 0; i < GROUPS; i++) {
        uint32_t v = group[i];
        for (int d = GROUP_DIGITS; d-- > 0; v /= 10)
            x->digits[1 + i * GROUP_DIGITS + d] = '0' + v % 10;
    }
    x->digits[0] = '0';
    x->point = 1 + POINT * GROUP_DIGITS;
    x->end = 1 + NDIGITS;
    for (x->first = 0; x->first < x->end && x->digits[x->first] == '0';)
        x->first++;
}

/* Keeps the digits before index end, rounding half to even. */
static void round_at(struct expansion *x, int end)
{
    if (end >= x->end)
        return;
    int up = 0;
    if (end >= 0 && x->digits[end] >= '5') {
        int rest = end + 1;
        while (rest < x->end && x->digits[rest] == '0')
            rest++;
        int tie = x->digits[end] == '5' && rest >= x->end;
        up = !tie || (end > 0 && (x->digits[end - 1] & 1));
    }
    x->end = end < 0 ? 0 : end;
    for (int i = x->end; up && i-- > 0;) {
        up = x->digits[i] == '9';
        x->digits[i] = up ? '0' : x->digits[i] + 1;
        if (x->digits[i] != '0' && i < x->first)
            x->first = i;
    }
    if (x->first > x->end)
        x->first = x->end;
}

/* The digit at index i; beyond the end all are zero. */
static char digit(const struct expansion *x, int i)
{
    return i < x->end ? x->digits[i] : '0';
}

struct text {
    char *at;
    size_t zeros; /* asked for beyond the last digit a double can have */
    char bytes[NDIGITS + 16];
};

static void add_digits(struct text *t, const struct expansion *x, int from, int count)
{
    for (int i = from; i < from + count; i++) {
        if (i >= 1 + NDIGITS) {
            t->zeros = from + count - i;
            return;
        }
        *t->at++ = digit(x, i);
    }
}

static void add_fixed(struct text *t, const struct expansion *x, int precision, int point)
{
    int from = x->first < x->point - 1 ? x->first : x->point - 1;
    add_digits(t, x, from, x->point - from);
    if (point)
        *t->at++ = '.';
    add_digits(t, x, x->point, precision);
}

static int decimal_exponent(const struct expansion *x)
{
    return x->first < x->end ? x->point - 1 - x->first : 0;
}

static void add_scientific(struct text *t, const struct expansion *x, int precision, int point)
{
    int from = x->first < x->end ? x->first : x->point - 1;
    add_digits(t, x, from, 1);
    if (point)
        *t->at++ = '.';
    add_digits(t, x, from + 1, precision);
}

static void exponent_text(char *p, int e, char letter)
{
    *p++ = letter;
    *p++ = e < 0 ? '-' : '+';
    if (e < 0)
        e = -e;
    if (e >= 100)
        *p++ = '0' + e / 100;
    *p++ = '0' + e / 10 % 10;
    *p++ = '0' + e % 10;
    *p = '\0';
}

/* How many digits after the point remain when the zeros at the end are dropped. */
static int trim(const struct expansion *x, int from, int precision)
{
    while (precision > 0 && digit(x, from + precision - 1) == '0')
        precision--;
    return precision;
}

static void put_special(struct text_sink *sink, const struct conversion *c, const char *prefix,
                        double value)
{
    int capital = c->type < 'a';
    const char *word = value != value ? (capital ? "NAN" : "nan") : (capital ? "INF" : "inf");
    __format_pieces(sink, c,
                    &(struct pieces){.prefix = prefix, .body = word, .body_length = 3, .tail = ""});
}

/* Decides between the styles as %g does, and leaves in *precision the digits after the point. */
static int wants_exponent(struct expansion *x, const struct conversion *c, int *precision)
{
    char style = c->type | 32;
    if (style == 'f') {
        round_at(x, *precision < NDIGITS ? x->point + *precision : x->end);
        return 0;
    }
    if (style == 'g' && *precision == 0)
        *precision = 1;
    int kept = style == 'g' ? *precision : *precision < NDIGITS ? *precision + 1 : NDIGITS;
    round_at(x, kept < NDIGITS ? x->first + kept : x->end);
    if (style == 'e')
        return 1;
    int e = decimal_exponent(x), exponent = e < -4 || e >= *precision;
    *precision -= exponent ? 1 : 1 + e;
    if (!c->alternate)
        *precision = trim(x, exponent ? x->first + 1 : x->point, *precision);
    return exponent;
}

void __format_double(struct text_sink *sink, const struct conversion *c, double value)
{
    int negative = __builtin_signbit(value) != 0;
    char prefix[2] = {negative ? '-' : c->sign, '\0'};
    if (value - value != 0) {
        put_special(sink, c, prefix, value);
        return;
    }
    struct expansion x;
    struct text t = {.at = t.bytes};
    char tail[8] = "";
    int precision = c->precision < 0 ? 6 : c->precision;
    if (precision > MAX_PRECISION)
        precision = MAX_PRECISION;
    expand(&x, negative ? -value : value);
    if (wants_exponent(&x, c, &precision)) {
        add_scientific(&t, &x, precision, precision > 0 || c->alternate);
        exponent_text(tail, decimal_exponent(&x), c->type < 'a' ? 'E' : 'e');
    } else {
        add_fixed(&t, &x, precision, precision > 0 || c->alternate);
    }
    struct pieces p = {.prefix = prefix,
                       .body = t.bytes,
                       .body_length = t.at - t.bytes,
                       .zeros_after = t.zeros,
                       .tail = tail};
    size_t length = strlen(prefix) + p.body_length + p.zeros_after + strlen(tail);
    if (c->zero && !c->left && (size_t)c->width > length)
        p.zeros = c->width - length;
    __format_pieces(sink, c, &p);
}
