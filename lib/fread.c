/* fread.c - reading from a FILE. */
#include "file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A program that asks a question on stdout without a newline expects it to be seen. */
static void flush_before_terminal_read(void)
{
    if (stdout->flags & F_LINE)
        fflush(stdout);
}

static void give_back(FILE *f)
{
    lseek(f->fd, (off_t)f->pos - (off_t)f->end, SEEK_CUR);
}

int __file_fill(FILE *f)
{
    __file_give_back = give_back;
    if (f->flags & F_WRITING)
        __file_flush(f);
    if (f->pos < f->end)
        return 0;
    f->pos = f->end = 0;
    if (f->fd == STDIN_FILENO) /* `f == stdin` would bring stdin into every program that reads */
        flush_before_terminal_read();
    ssize_t r = f->read != NULL ? f->read(f->fd, f->buf, f->cap) : __sysret(-EBADF);
    if (r <= 0) {
        f->flags |= r == 0 ? F_EOF : F_ERROR;
        return EOF;
    }
    f->end = r;
    return 0;
}

size_t __file_read(FILE *f, unsigned char *dst, size_t n)
{
    size_t done = 0;
    while (done < n && __file_fill(f) == 0) {
        size_t piece = f->end - f->pos;
        if (piece > n - done)
            piece = n - done;
        memcpy(dst + done, f->buf + f->pos, piece);
        f->pos += piece;
        done += piece;
    }
    return done;
}

size_t fread(void *restrict dst, size_t size, size_t n, FILE *restrict f)
{
    if (size == 0 || n == 0)
        return 0;
    libc_lock(&f->lock);
    size_t done = __file_read(f, dst, size * n);
    libc_unlock(&f->lock);
    return done / size;
}

int fgetc(FILE *f)
{
    unsigned char c;
    return fread(&c, 1, 1, f) == 1 ? c : EOF;
}

int getc(FILE *f)
{
    return fgetc(f);
}

int getchar(void)
{
    return fgetc(stdin);
}

int ungetc(int c, FILE *f)
{
    if (c == EOF)
        return EOF;
    libc_lock(&f->lock);
    __file_give_back = give_back;
    if (f->flags & F_WRITING)
        __file_flush(f);
    if (f->pos == 0 && f->end < f->cap) { /* make room in front of what is left */
        memmove(f->buf + 1, f->buf, f->end);
        f->pos = 1;
        f->end++;
    }
    int result = EOF;
    if (f->pos > 0) {
        f->buf[--f->pos] = (unsigned char)c;
        f->flags &= ~F_EOF;
        result = (unsigned char)c;
    }
    libc_unlock(&f->lock);
    return result;
}

/* Takes bytes up to and with delim, at most n of them; *found says whether delim came. */
static size_t take_until(FILE *f, char *dst, size_t n, int delim, int *found)
{
    size_t done = 0;
    *found = 0;
    while (done < n && !*found && __file_fill(f) == 0) {
        size_t piece = f->end - f->pos;
        if (piece > n - done)
            piece = n - done;
        unsigned char *from = f->buf + f->pos, *at = memchr(from, delim, piece);
        if (at != NULL) {
            piece = at + 1 - from;
            *found = 1;
        }
        memcpy(dst + done, from, piece);
        f->pos += piece;
        done += piece;
    }
    return done;
}

char *fgets(char *restrict s, int size, FILE *restrict f)
{
    int found;
    libc_lock(&f->lock);
    size_t n = take_until(f, s, size - 1, '\n', &found);
    libc_unlock(&f->lock);
    if (n == 0)
        return NULL;
    s[n] = '\0';
    return s;
}

ssize_t getdelim(char **restrict line, size_t *restrict cap, int delim, FILE *restrict f)
{
    size_t n = 0;
    int found = 0;
    libc_lock(&f->lock);
    do {
        if (*line == NULL || *cap < n + 2) {
            size_t bigger = *line == NULL ? 120 : 2 * *cap;
            char *p = realloc(*line, bigger);
            if (p == NULL) {
                f->flags |= F_ERROR;
                break;
            }
            *line = p;
            *cap = bigger;
        }
        size_t room = *cap - n - 1, got = take_until(f, *line + n, room, delim, &found);
        n += got;
        if (got < room)
            break;
    } while (!found);
    libc_unlock(&f->lock);
    if (n == 0)
        return -1;
    (*line)[n] = '\0';
    return n;
}

ssize_t getline(char **restrict line, size_t *restrict cap, FILE *restrict f)
{
    return getdelim(line, cap, '\n', f);
}
