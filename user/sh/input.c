/*
 * input.c - where lines come from: a terminal, a script, or a string.
 *
 * When the shell reads its commands from its standard input, the commands may read the same
 * input; so it takes no byte beyond the end of the line.
 */
#include "sh.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BUFFER = 2048 };

void source_from_fd(struct source *src, int fd, const char *name, int buffered)
{
    *src = (struct source){.fd = fd, .name = name, .buffered = buffered};
}

void source_from_string(struct source *src, const char *s)
{
    *src = (struct source){.fd = -1, .string = s};
}

static int next_byte(struct source *src)
{
    if (!src->buffered) {
        unsigned char c;
        return read(src->fd, &c, 1) == 1 ? c : -1;
    }
    if (src->buffer == NULL && (src->buffer = malloc(BUFFER)) == NULL)
        return -1;
    if (src->pos == src->end) {
        ssize_t n = read(src->fd, src->buffer, BUFFER);
        if (n <= 0)
            return -1;
        src->pos = 0;
        src->end = n;
    }
    return (unsigned char)src->buffer[src->pos++];
}

/* One line with its newline, from malloc. Zero bytes are dropped: no word can hold one. */
static char *read_line(struct source *src)
{
    char *line = NULL;
    size_t n = 0, capacity = 0;
    for (int c = 0; c != '\n' && (c = next_byte(src)) >= 0;) {
        if (n + 2 > capacity) {
            capacity = capacity == 0 ? 128 : 2 * capacity;
            char *bigger = realloc(line, capacity);
            if (bigger == NULL)
                break;
            line = bigger;
        }
        if (c != '\0')
            line[n++] = (char)c;
        line[n] = '\0';
    }
    return line;
}

static char *next_line(struct source *src, int continued)
{
    if (src->string != NULL) {
        char *line = strdup(src->string);
        src->string = NULL;
        return line;
    }
    if (src->fd < 0)
        return NULL;
    return src->interactive ? edit_line(continued ? "> " : "$ ") : read_line(src);
}

int source_next_line(struct source *src, int continued)
{
    free(src->text);
    src->text = next_line(src, continued);
    src->at = 0;
    src->line++;
    return src->text != NULL;
}

void source_close(struct source *src)
{
    free(src->text);
    free(src->buffer);
    src->text = src->buffer = NULL;
}
