/* fd.c - descriptors: reading, writing, duplicating, closing. */
#include "libc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

ssize_t read(int fd, void *buf, size_t n)
{
    return __sysret(sys_read(fd, buf, n));
}

ssize_t write(int fd, const void *buf, size_t n)
{
    return __sysret(sys_write(fd, buf, n));
}

ssize_t pread(int fd, void *buf, size_t n, off_t offset)
{
    return __sysret(sys_pread64(fd, buf, n, offset));
}

ssize_t pwrite(int fd, const void *buf, size_t n, off_t offset)
{
    return __sysret(sys_pwrite64(fd, buf, n, offset));
}

ssize_t readv(int fd, const struct iovec *iov, int n)
{
    return __sysret(sys_readv(fd, iov, n));
}

ssize_t writev(int fd, const struct iovec *iov, int n)
{
    return __sysret(sys_writev(fd, iov, n));
}

int close(int fd)
{
    return (int)__sysret(sys_close(fd));
}

off_t lseek(int fd, off_t offset, int whence)
{
    return __sysret(sys_lseek(fd, offset, whence));
}

int dup(int fd)
{
    return (int)__sysret(sys_dup(fd));
}

/* dup3 refuses equal descriptors; dup2 gives them back if they are open. */
int dup2(int from, int to)
{
    if (from == to)
        return fcntl(from, F_GETFD) < 0 ? -1 : to;
    return dup3(from, to, 0);
}

int dup3(int from, int to, int flags)
{
    return (int)__sysret(sys_dup3(from, to, flags));
}

int pipe(int fds[2])
{
    return pipe2(fds, 0);
}

int pipe2(int fds[2], int flags)
{
    return (int)__sysret(sys_pipe2(fds, flags));
}

int fcntl(int fd, int cmd, ...)
{
    va_list ap;
    va_start(ap, cmd);
    unsigned long arg = va_arg(ap, unsigned long);
    va_end(ap);
    return (int)__sysret(sys_fcntl(fd, cmd, arg));
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list ap;
    va_start(ap, request);
    unsigned long arg = va_arg(ap, unsigned long);
    va_end(ap);
    return (int)__sysret(sys_ioctl(fd, (unsigned)request, arg));
}

int tcgetattr(int fd, struct termios *tio)
{
    return ioctl(fd, TCGETS, tio);
}

int tcsetattr(int fd, int when, const struct termios *tio)
{
    return ioctl(fd, TCSETS + when, tio);
}

int isatty(int fd)
{
    struct termios tio;
    return tcgetattr(fd, &tio) == 0;
}

pid_t tcgetpgrp(int fd)
{
    int pgid;
    return ioctl(fd, TIOCGPGRP, &pgid) == 0 ? pgid : -1;
}

int tcsetpgrp(int fd, pid_t pgid)
{
    return ioctl(fd, TIOCSPGRP, &pgid);
}

int ftruncate(int fd, off_t length)
{
    return (int)__sysret(sys_ftruncate(fd, length));
}

int fsync(int fd)
{
    return (int)__sysret(sys_fsync(fd));
}

void sync(void)
{
    sys_sync();
}

int poll(struct pollfd *fds, nfds_t n, int timeout_ms)
{
    struct timespec ts = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};
    return (int)__sysret(sys_ppoll(fds, n, timeout_ms < 0 ? NULL : &ts, NULL, 0));
}
