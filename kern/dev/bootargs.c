/* The words of the boot arguments. */
#include "kern/core/string.h"
#include "kern/dev/machine.h"
#include "kern/sys/errno.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\n';
}

/* Copies the word at `s` without its quoting to `dst`, which has room for all of `s`. Moves *dst
 * behind the word and returns where the word ends. A quote left open ends with the text. */
static const char *unquote_word(const char *s, char **dst)
{
    char quote = '\0'; /* the one that is open */
    for (; *s && (quote || !is_blank(*s)); s++) {
        if (*s == quote) {
            quote = '\0';
        } else if (!quote && (*s == '\'' || *s == '"')) {
            quote = *s;
        } else {
            bool escaped =
                *s == '\\' && s[1] && (!quote || (quote == '"' && (s[1] == '"' || s[1] == '\\')));
            if (escaped)
                s++;
            *(*dst)++ = *s;
        }
    }
    return s;
}

int machine_args(char *buffer, size_t size, char **argv, int max)
{
    const char *s = machine.bootargs;
    int argc = 0;
    if (max < 1 || strlen(s) >= size) /* unquoting only shortens, and a blank makes way for a NUL */
        return -E2BIG;
    for (;;) {
        while (is_blank(*s))
            s++;
        if (*s == '\0')
            break;
        if (argc + 1 == max)
            return -E2BIG;
        argv[argc++] = buffer;
        s = unquote_word(s, &buffer);
        *buffer++ = '\0';
    }
    argv[argc] = NULL;
    return argc;
}
