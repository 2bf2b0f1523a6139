/*
 * edit.c - typing a line at a terminal.
 *
 *      ^A ^E Home End   start, end          ^H DEL   the character before
 *      ^B ^F left right one back, forth     ^U ^K    all before, all after the cursor
 *      ^P ^N up down    history             ^W       the word before
 *      ^C               a new line          ^D       end of input, or the character under it
 *      ^L               a clear screen
 *
 * While a line is typed the terminal is raw; it is put back before a command runs. A line longer
 * than the screen is wide wraps, and moving back over the wrap is left to the terminal.
 */
#include "sh.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum {
    MAX_LINE = 1024,
    HISTORY = 64,
    DELETE = 127,
    ESCAPE = 27,
    /* keys that arrive as escape sequences */
    KEY_UP = 256,
    KEY_DOWN,
    KEY_RIGHT,
    KEY_LEFT,
    KEY_HOME,
    KEY_END,
    KEY_DELETE,
    KEY_NONE,
};

#define CONTROL(letter) ((letter)&31)

struct line {
    const char *prompt;
    char s[MAX_LINE + 2]; /* with room for the newline and the zero */
    size_t n, cursor;
    int recalled;            /* how many lines back in the history; 0 is the new one */
    char kept[MAX_LINE + 2]; /* the new line, while an old one is shown */
};

static char *history[HISTORY]; /* the newest first */

/* All output of one key goes out in one write. */
static struct {
    char bytes[2 * MAX_LINE];
    size_t n;
} out;

static void flush_out(void)
{
    write(STDOUT_FILENO, out.bytes, out.n);
    out.n = 0;
}

static void show(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (out.n == sizeof(out.bytes))
            flush_out();
        out.bytes[out.n++] = s[i];
    }
}

static void show_string(const char *s)
{
    show(s, strlen(s));
}

static void move_back(size_t n)
{
    while (n-- > 0)
        show_string("\b");
}

/* Writes what is after the cursor again, blanks over what was there, and moves back. */
static void redraw_rest(const struct line *l, size_t erased)
{
    show(l->s + l->cursor, l->n - l->cursor);
    for (size_t i = 0; i < erased; i++)
        show_string(" ");
    move_back(l->n - l->cursor + erased);
}

static void insert(struct line *l, char c)
{
    if (l->n == MAX_LINE)
        return;
    memmove(l->s + l->cursor + 1, l->s + l->cursor, l->n - l->cursor);
    l->s[l->cursor++] = c;
    l->n++;
    show(&c, 1);
    redraw_rest(l, 0);
}

/* Removes n characters before the cursor. */
static void erase_before(struct line *l, size_t n)
{
    if (n > l->cursor)
        n = l->cursor;
    memmove(l->s + l->cursor - n, l->s + l->cursor, l->n - l->cursor);
    l->cursor -= n;
    l->n -= n;
    move_back(n);
    redraw_rest(l, n);
}

static void move_to(struct line *l, size_t to)
{
    if (to > l->n)
        to = l->n;
    if (to < l->cursor)
        move_back(l->cursor - to);
    else
        show(l->s + l->cursor, to - l->cursor);
    l->cursor = to;
}

static void erase_at(struct line *l, size_t n)
{
    if (l->cursor < l->n) {
        move_to(l, l->cursor + n);
        erase_before(l, n);
    }
}

static void erase_word(struct line *l)
{
    size_t at = l->cursor;
    while (at > 0 && l->s[at - 1] == ' ')
        at--;
    while (at > 0 && l->s[at - 1] != ' ')
        at--;
    erase_before(l, l->cursor - at);
}

static void replace(struct line *l, const char *s)
{
    move_to(l, l->n);
    erase_before(l, l->n);
    l->n = l->cursor = strnlen(s, MAX_LINE);
    memcpy(l->s, s, l->n);
    show(l->s, l->n);
}

static void recall(struct line *l, int back)
{
    if (back < 0 || back > HISTORY || (back > 0 && history[back - 1] == NULL))
        return;
    if (l->recalled == 0) {
        memcpy(l->kept, l->s, l->n);
        l->kept[l->n] = '\0';
    }
    l->recalled = back;
    replace(l, back == 0 ? l->kept : history[back - 1]);
}

static void remember(const char *s)
{
    if (*s == '\0' || (history[0] != NULL && strcmp(history[0], s) == 0))
        return;
    char *copy = strdup(s);
    if (copy == NULL)
        return;
    free(history[HISTORY - 1]);
    memmove(history + 1, history, (HISTORY - 1) * sizeof(history[0]));
    history[0] = copy;
}

static int read_byte(void)
{
    unsigned char c;
    flush_out();
    return read(STDIN_FILENO, &c, 1) == 1 ? c : -1;
}

/* ESC [ LETTER, ESC O LETTER, ESC [ NUMBER ~ */
static int read_escape(void)
{
    int c = read_byte(), number = 0;
    if (c != '[' && c != 'O')
        return KEY_NONE;
    while ((c = read_byte()) >= '0' && c <= ';')
        number = c == ';' ? 0 : number * 10 + (c - '0');
    static const char letters[] = "ABCDHF";
    static const int keys[] = {KEY_UP, KEY_DOWN, KEY_RIGHT, KEY_LEFT, KEY_HOME, KEY_END};
    const char *at = c > 0 ? strchr(letters, c) : NULL;
    if (at != NULL)
        return keys[at - letters];
    if (c != '~')
        return KEY_NONE;
    return number == 1 || number == 7   ? KEY_HOME
           : number == 4 || number == 8 ? KEY_END
           : number == 3                ? KEY_DELETE
                                        : KEY_NONE;
}

static int read_key(void)
{
    int c = read_byte();
    return c == ESCAPE ? read_escape() : c;
}

static void clear_screen(struct line *l)
{
    size_t cursor = l->cursor;
    show_string("\033[H\033[2J");
    show_string(l->prompt);
    show(l->s, l->n);
    l->cursor = l->n;
    move_to(l, cursor);
}

static void edit_key(struct line *l, int key)
{
    switch (key) {
    case CONTROL('A'):
    case KEY_HOME: move_to(l, 0); break;
    case CONTROL('E'):
    case KEY_END: move_to(l, l->n); break;
    case CONTROL('B'):
    case KEY_LEFT: move_to(l, l->cursor > 0 ? l->cursor - 1 : 0); break;
    case CONTROL('F'):
    case KEY_RIGHT: move_to(l, l->cursor + 1); break;
    case CONTROL('H'):
    case DELETE: erase_before(l, 1); break;
    case CONTROL('D'):
    case KEY_DELETE: erase_at(l, 1); break;
    case CONTROL('U'): erase_before(l, l->cursor); break;
    case CONTROL('K'): erase_at(l, l->n - l->cursor); break;
    case CONTROL('W'): erase_word(l); break;
    case CONTROL('P'):
    case KEY_UP: recall(l, l->recalled + 1); break;
    case CONTROL('N'):
    case KEY_DOWN: recall(l, l->recalled - 1); break;
    case CONTROL('L'): clear_screen(l); break;
    default:
        if (key >= ' ' && key < 256)
            insert(l, (char)key);
    }
}

/* Reads keys until the line is done. Returns 0 for the end of the input. */
static int edit(struct line *l)
{
    show_string(l->prompt);
    for (;;) {
        int key = read_key();
        if (key < 0 || (key == CONTROL('D') && l->n == 0)) {
            show_string("\n");
            return 0;
        }
        if (key == CONTROL('C')) {
            show_string("^C\n");
            show_string(l->prompt);
            l->n = l->cursor = 0;
            l->recalled = 0;
        } else if (key == '\r' || key == '\n') {
            show_string("\n");
            return 1;
        } else {
            edit_key(l, key);
        }
    }
}

char *edit_line(const char *prompt)
{
    struct termios cooked, raw;
    static struct line l;
    l = (struct line){.prompt = prompt};
    if (tcgetattr(STDIN_FILENO, &cooked) != 0)
        return NULL;
    raw = cooked;
    raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ISIG | IEXTEN);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
    interrupt_forget(); /* from here on ^C is a key */
    int more = edit(&l);
    flush_out();
    tcsetattr(STDIN_FILENO, TCSADRAIN, &cooked);
    if (!more)
        return NULL;
    l.s[l.n] = '\0';
    remember(l.s);
    strcpy(l.s + l.n, "\n");
    return strdup(l.s);
}
