/* path.c - files by name. */
#include "libc.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

int openat(int dirfd, const char *path, int flags, ...)
{
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list ap;
        va_start(ap, flags);
        mode = va_arg(ap, mode_t);
        va_end(ap);
    }
    return (int)__sysret(sys_openat(dirfd, path, flags, mode));
}

int open(const char *path, int flags, ...)
{
    mode_t mode = 0;
    if (flags & O_CREAT) {
        va_list ap;
        va_start(ap, flags);
        mode = va_arg(ap, mode_t);
        va_end(ap);
    }
    return (int)__sysret(sys_openat(AT_FDCWD, path, flags, mode));
}

int creat(const char *path, mode_t mode)
{
    return open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

int fstatat(int dirfd, const char *restrict path, struct stat *restrict st, int flags)
{
    return (int)__sysret(sys_newfstatat(dirfd, path, st, flags));
}

int stat(const char *restrict path, struct stat *restrict st)
{
    return fstatat(AT_FDCWD, path, st, 0);
}

int lstat(const char *restrict path, struct stat *restrict st)
{
    return fstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

int fstat(int fd, struct stat *st)
{
    return (int)__sysret(sys_fstat(fd, st));
}

int access(const char *path, int mode)
{
    return (int)__sysret(sys_faccessat(AT_FDCWD, path, mode));
}

int mkdir(const char *path, mode_t mode)
{
    return (int)__sysret(sys_mkdirat(AT_FDCWD, path, mode));
}

int unlink(const char *path)
{
    return (int)__sysret(sys_unlinkat(AT_FDCWD, path, 0));
}

int rmdir(const char *path)
{
    return (int)__sysret(sys_unlinkat(AT_FDCWD, path, AT_REMOVEDIR));
}

int remove(const char *path)
{
    if (unlink(path) == 0)
        return 0;
    return errno == EISDIR ? rmdir(path) : -1;
}

int rename(const char *from, const char *to)
{
    return (int)__sysret(sys_renameat2(AT_FDCWD, from, AT_FDCWD, to, 0));
}

int link(const char *from, const char *to)
{
    return (int)__sysret(sys_linkat(AT_FDCWD, from, AT_FDCWD, to, 0));
}

int symlink(const char *target, const char *path)
{
    return (int)__sysret(sys_symlinkat(target, AT_FDCWD, path));
}

ssize_t readlink(const char *restrict path, char *restrict buf, size_t size)
{
    return __sysret(sys_readlinkat(AT_FDCWD, path, buf, size));
}

int mkfifo(const char *path, mode_t mode)
{
    return (int)__sysret(sys_mknodat(AT_FDCWD, path, S_IFIFO | mode, 0));
}

int chmod(const char *path, mode_t mode)
{
    return (int)__sysret(sys_fchmodat(AT_FDCWD, path, mode));
}

mode_t umask(mode_t mask)
{
    return (mode_t)sys_umask(mask);
}

int truncate(const char *path, off_t length)
{
    int fd = open(path, O_WRONLY);
    if (fd < 0)
        return -1;
    int result = ftruncate(fd, length), err = errno;
    close(fd);
    errno = err;
    return result;
}

int chdir(const char *path)
{
    return (int)__sysret(sys_chdir(path));
}

/* With no buffer given, the result is from malloc. */
char *getcwd(char *buf, size_t size)
{
    char *out = buf;
    if (buf == NULL) {
        size = PATH_MAX;
        out = malloc(size);
        if (out == NULL)
            return NULL;
    }
    if (__sysret(sys_getcwd(out, size)) >= 0)
        return out;
    if (buf == NULL)
        free(out);
    return NULL;
}

int mount(const char *source, const char *target, const char *type, unsigned long flags,
          const void *options)
{
    return (int)__sysret(sys_mount(source, target, type, flags, options));
}

int umount2(const char *target, int flags)
{
    return (int)__sysret(sys_umount2(target, flags));
}

int umount(const char *target)
{
    return umount2(target, 0);
}
