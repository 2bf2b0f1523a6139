/* redirect.c - < > >> <> <& >& and here-documents. */
#include "sh.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_SAVED = 10 }; /* copies lie above what scripts name */

static void save(int fd, struct saved_fd **saved)
{
    struct saved_fd *s = arena_alloc(&scratch, sizeof(*s));
    s->fd = fd;
    s->copy = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_SAVED);
    s->next = *saved;
    *saved = s;
}

void redirect_restore(struct saved_fd *saved)
{
    for (; saved != NULL; saved = saved->next) {
        if (saved->copy >= 0) {
            dup2(saved->copy, saved->fd);
            close(saved->copy);
        } else {
            close(saved->fd);
        }
    }
}

static int open_file(const struct redirection *r, const char *name)
{
    static const int flags[] = {
        [R_READ] = O_RDONLY,
        [R_WRITE] = O_WRONLY | O_CREAT | O_TRUNC,
        [R_APPEND] = O_WRONLY | O_CREAT | O_APPEND,
        [R_READ_WRITE] = O_RDWR | O_CREAT,
    };
    int fd = open(name, flags[r->type], 0666);
    if (fd < 0)
        complain("%s: %s", name, strerror(errno));
    return fd;
}

/* A pipe holds a short text; a longer one needs a process that writes it. */
static int open_here(const struct redirection *r)
{
    int quoted = strpbrk(r->target, "'\"\\") != NULL, fds[2];
    const char *text = quoted ? r->body : expand_here(r->body);
    if (text == NULL)
        return -1;
    if (pipe(fds) != 0) {
        complain("%s", strerror(errno));
        return -1;
    }
    size_t n = strlen(text);
    if (n <= PIPE_BUF) {
        write(fds[1], text, n);
    } else if (fork() == 0) {
        close(fds[0]);
        signal(SIGPIPE, SIG_DFL);
        _exit(write(fds[1], text, n) != (ssize_t)n);
    }
    close(fds[1]);
    return fds[0];
}

/* 2>&1, and 2>&- which closes. */
static int duplicate(const struct redirection *r, const char *target)
{
    char *end;
    if (strcmp(target, "-") == 0) {
        close(r->fd);
        return 0;
    }
    long from = strtol(target, &end, 10);
    if (end == target || *end != '\0' || dup2((int)from, r->fd) < 0) {
        complain("%s: %s", target, strerror(EBADF));
        return -1;
    }
    return 0;
}

static int apply(const struct redirection *r)
{
    char *target = r->type == R_HERE ? NULL : expand_single(r->target);
    if (r->type != R_HERE && target == NULL)
        return -1;
    if (r->type == R_DUPLICATE)
        return duplicate(r, target);
    int fd = r->type == R_HERE ? open_here(r) : open_file(r, target);
    if (fd < 0)
        return -1;
    if (fd != r->fd) {
        if (dup2(fd, r->fd) < 0) {
            complain("%d: %s", r->fd, strerror(errno));
            close(fd);
            return -1;
        }
        close(fd);
    }
    return 0;
}

int redirect(const struct redirection *r, struct saved_fd **saved)
{
    for (; r != NULL; r = r->next) {
        if (saved != NULL)
            save(r->fd, saved);
        if (apply(r) != 0)
            return -1;
    }
    return 0;
}
