/* dirent.c - reading directories: the kernel's records (getdents64), one at a time. */
#include "libc.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { BUFFER = 2048 };

struct __dir {
    int fd;
    size_t at;
    size_t end;
    char buf[BUFFER] __attribute__((aligned(8)));
};

ssize_t getdents64(int fd, void *buf, size_t n)
{
    return __sysret(sys_getdents64(fd, buf, n));
}

DIR *opendir(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return NULL;
    DIR *dir = malloc(sizeof(*dir));
    if (dir == NULL) {
        close(fd);
        return NULL;
    }
    dir->fd = fd;
    dir->at = dir->end = 0;
    return dir;
}

/* struct dirent is the kernel's record, so an entry is given where it lies. */
struct dirent *readdir(DIR *dir)
{
    if (dir->at >= dir->end) {
        ssize_t n = getdents64(dir->fd, dir->buf, sizeof(dir->buf));
        if (n <= 0)
            return NULL;
        dir->at = 0;
        dir->end = n;
    }
    struct dirent *entry = (struct dirent *)(dir->buf + dir->at);
    dir->at += entry->d_reclen;
    return entry;
}

void rewinddir(DIR *dir)
{
    lseek(dir->fd, 0, SEEK_SET);
    dir->at = dir->end = 0;
}

int closedir(DIR *dir)
{
    int fd = dir->fd;
    free(dir);
    return close(fd);
}

int dirfd(DIR *dir)
{
    return dir->fd;
}
