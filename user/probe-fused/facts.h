/* What the probes of fused images share: a script's commands and numbers, and facts on the console. There is no
 * libc below them: what they say must not depend on more than what they look at. */
#pragma once
#include <stddef.h>
#include <stdint.h>

enum { STDOUT = 1, LINE_MAX = 4200 };

/* The one line that is being made; every probe prints it in its own way. */
static char line[LINE_MAX];
static size_t line_length;

long print(const char *text, size_t length);

static inline void put_char(char c)
{
    if (line_length < LINE_MAX)
        line[line_length++] = c;
}

static inline void put(const char *text)
{
    while (*text)
        put_char(*text++);
}

static inline void put_hex(unsigned long value)
{
    int shift = 60;
    while (shift > 0 && value >> shift == 0)
        shift -= 4;
    for (; shift >= 0; shift -= 4)
        put_char("0123456789abcdef"[value >> shift & 15]);
}

static inline void put_decimal(long value)
{
    char digits[20];
    int n = 0;
    unsigned long rest = value < 0 ? -(unsigned long)value : (unsigned long)value;
    if (value < 0)
        put_char('-');
    do
        digits[n++] = (char)('0' + rest % 10);
    while (rest /= 10);
    while (n > 0)
        put_char(digits[--n]);
}

static inline void end_line(void)
{
    put_char('\n');
    print(line, line_length);
    line_length = 0;
}

static inline void fact_hex(const char *name, unsigned long value)
{
    put(name);
    put_char(' ');
    put_hex(value);
    end_line();
}

static inline void fact(const char *name, long value)
{
    put(name);
    put_char(' ');
    put_decimal(value);
    end_line();
}

static inline int is_word(const char *one, const char *other)
{
    while (*one && *one == *other)
        one++, other++;
    return *one == *other;
}

/* Decimal or 0x..., with a sign. */
static inline unsigned long number_of(const char *text)
{
    int negative = *text == '-';
    unsigned long value = 0, base = 10;
    text += negative;
    if (text[0] == '0' && text[1] == 'x')
        base = 16, text += 2;
    for (; *text; text++)
        value = value * base + (unsigned long)(*text <= '9' ? *text - '0' : *text - 'a' + 10);
    return negative ? -value : value;
}

struct command {
    const char *name;
    int nargs;
    void (*run)(char **args);
};

/* Does all that the arguments ask for, command after command. Returns the exit status. */
static inline int run_commands(int argc, char **argv, const struct command *commands,
                               size_t ncommands)
{
    char **word = argv + 1, **end = argv + argc;
    while (word < end) {
        const struct command *command = commands;
        while (command < commands + ncommands && !is_word(*word, command->name))
            command++;
        if (command == commands + ncommands) {
            put("probe: no command ");
            put(*word);
            end_line();
            return 2;
        }
        command->run(word + 1);
        word += 1 + command->nargs;
    }
    return 0;
}
