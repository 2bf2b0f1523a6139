/* fopen.c - opening, closing and positioning a FILE. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FILE_BUFFER = 4096 };

static int open_flags(const char *mode)
{
    int plus = strchr(mode, '+') != NULL;
    switch (mode[0]) {
    case 'r': return plus ? O_RDWR : O_RDONLY;
    case 'w': return (plus ? O_RDWR : O_WRONLY) | O_CREAT | O_TRUNC;
    case 'a': return (plus ? O_RDWR : O_WRONLY) | O_CREAT | O_APPEND;
    default: return -1;
    }
}

static void list_add(FILE *f)
{
    libc_lock(&__open_files_lock);
    f->next = __open_files;
    __open_files = f;
    libc_unlock(&__open_files_lock);
}

static void list_remove(FILE *f)
{
    libc_lock(&__open_files_lock);
    for (FILE **at = &__open_files; *at != NULL; at = &(*at)->next)
        if (*at == f) {
            *at = f->next;
            break;
        }
    libc_unlock(&__open_files_lock);
}

static FILE *file_create(int fd, ssize_t (*read_fd)(int fd, void *dst, size_t n))
{
    FILE *f = malloc(sizeof(*f) + FILE_BUFFER);
    if (f == NULL)
        return NULL;
    *f = (FILE){.fd = fd, .flags = F_UNKNOWN | F_HEAP, .cap = FILE_BUFFER, .read = read_fd};
    f->buf = (unsigned char *)(f + 1);
    list_add(f);
    return f;
}

FILE *fdopen(int fd, const char *mode)
{
    if (open_flags(mode) < 0) {
        errno = EINVAL;
        return NULL;
    }
    return file_create(fd, read);
}

/* read() would do. But whoever calls that may read the console, and has its input half in a fused
 * image. */
static ssize_t read_opened(int fd, void *dst, size_t n)
{
    return __sysret(sys_read_file(fd, dst, n));
}

FILE *fopen(const char *restrict path, const char *restrict mode)
{
    int flags = open_flags(mode);
    if (flags < 0) {
        errno = EINVAL;
        return NULL;
    }
    if (strchr(mode, 'e') != NULL)
        flags |= O_CLOEXEC;
    if (strchr(mode, 'x') != NULL)
        flags |= O_EXCL;
    int fd = open(path, flags, 0666);
    if (fd < 0)
        return NULL;
    FILE *f = file_create(fd, read_opened);
    if (f == NULL)
        close(fd);
    return f;
}

int fclose(FILE *f)
{
    int result = fflush(f);
    if (f->flags & F_HEAP)
        list_remove(f);
    if (close(f->fd) != 0)
        result = EOF;
    if (f->flags & F_HEAP)
        free(f);
    return result;
}

int setvbuf(FILE *restrict f, char *restrict buf, int mode, size_t size)
{
    libc_lock(&f->lock);
    __file_flush(f);
    f->flags &= ~(F_UNKNOWN | F_LINE | F_NONE);
    if (mode != _IOFBF)
        f->flags |= mode == _IOLBF ? F_LINE : F_NONE;
    if (buf != NULL && mode != _IONBF) {
        f->buf = (unsigned char *)buf;
        f->cap = size;
        f->pos = f->end = 0;
    }
    libc_unlock(&f->lock);
    return 0;
}

int fseek(FILE *f, long offset, int whence)
{
    libc_lock(&f->lock);
    __file_flush(f);
    if (whence == SEEK_CUR)
        offset -= (long)(f->end - f->pos); /* what was read ahead is not where the caller is */
    f->pos = f->end = 0;
    f->flags &= ~F_EOF;
    int result = lseek(f->fd, offset, whence) < 0 ? -1 : 0;
    libc_unlock(&f->lock);
    return result;
}

long ftell(FILE *f)
{
    libc_lock(&f->lock);
    long at = lseek(f->fd, 0, SEEK_CUR);
    if (at >= 0)
        at += f->flags & F_WRITING ? (long)f->end : (long)f->pos - (long)f->end;
    libc_unlock(&f->lock);
    return at;
}

void rewind(FILE *f)
{
    fseek(f, 0, SEEK_SET);
    clearerr(f);
}
