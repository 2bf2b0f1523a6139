/* System calls about descriptors: which open file a number names. */
#include "kern/core/init.h"
#include "kern/fs/fdtable.h"
#include "kern/mem/uaccess.h"
#include "kern/sys/errno.h"
#include <onering/syscalls.h>

#define SETTABLE_FLAGS (O_APPEND | O_NONBLOCK) /* by fcntl */

long sys_close(int fd)
{
    return fdtable_close(fs_context()->files, fd);
}

/* The lowest free descriptor from `from` on becomes a second name for what `fd` names. */
static long duplicate(int fd, int from, bool close_on_exec)
{
    INIT_NEEDS(tty_input_init); /* the new number may be the console's: see sys_read_file */
    struct fdtable *table = fs_context()->files;
    struct file *file = fdtable_get(table, fd);
    if (!file)
        return -EBADF;
    int added = fdtable_add(table, file, from, close_on_exec);
    if (added < 0)
        file_unref(file);
    return added;
}

long sys_dup(int fd)
{
    return duplicate(fd, 0, false);
}

long sys_dup3(int oldfd, int newfd, int flags)
{
    INIT_NEEDS(tty_input_init);
    struct fdtable *table = fs_context()->files;
    if ((flags & ~O_CLOEXEC) || oldfd == newfd)
        return -EINVAL;
    struct file *file = fdtable_get(table, oldfd);
    if (!file)
        return -EBADF;
    int error = fdtable_set(table, newfd, file, flags & O_CLOEXEC);
    if (error) {
        file_unref(file);
        return error;
    }
    return newfd;
}

static long change_flags(int fd, unsigned long arg)
{
    struct file *file = fdtable_get(fs_context()->files, fd);
    if (!file)
        return -EBADF;
    file->flags = (file->flags & ~SETTABLE_FLAGS) | (arg & SETTABLE_FLAGS);
    file_unref(file);
    return 0;
}

static long get_flags(int fd)
{
    struct file *file = fdtable_get(fs_context()->files, fd);
    if (!file)
        return -EBADF;
    long flags = file->flags;
    file_unref(file);
    return flags;
}

long sys_fcntl(int fd, int cmd, unsigned long arg)
{
    struct fdtable *table = fs_context()->files;
    long on = fdtable_close_on_exec(table, fd);
    if (on < 0)
        return on;
    switch (cmd) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        return arg >= OPEN_MAX ? -EINVAL : duplicate(fd, (int)arg, cmd == F_DUPFD_CLOEXEC);
    case F_GETFD: return on ? FD_CLOEXEC : 0;
    case F_SETFD: return fdtable_set_close_on_exec(table, fd, arg & FD_CLOEXEC);
    case F_GETFL: return get_flags(fd);
    case F_SETFL: return change_flags(fd, arg);
    default: return -EINVAL;
    }
}

long sys_ioctl(int fd, unsigned int request, unsigned long arg)
{
    struct file *file = fdtable_get(fs_context()->files, fd);
    if (!file)
        return -EBADF;
    long result = file_ioctl(file, request, arg);
    file_unref(file);
    return result;
}

/* Gives both ends their numbers: all or nothing. */
static int add_both(struct fdtable *table, struct file *ends[2], int fds[2], bool close_on_exec)
{
    fds[0] = fdtable_add(table, ends[0], 0, close_on_exec);
    fds[1] = fds[0] < 0 ? fds[0] : fdtable_add(table, ends[1], 0, close_on_exec);
    if (fds[1] >= 0)
        return 0;
    if (fds[0] >= 0)
        fdtable_close(table, fds[0]);
    else
        file_unref(ends[0]);
    file_unref(ends[1]);
    return fds[1];
}

long sys_pipe2(int *user_fds, int flags)
{
    struct fdtable *table = fs_context()->files;
    struct file *ends[2];
    int fds[2];
    if (flags & ~(O_CLOEXEC | O_NONBLOCK))
        return -EINVAL;
    int error = pipe_create(&ends[0], &ends[1], (unsigned)flags & O_NONBLOCK);
    if (!error)
        error = add_both(table, ends, fds, flags & O_CLOEXEC);
    if (error)
        return error;
    if (copy_to_user(user_fds, fds, sizeof(fds)) != 0) {
        fdtable_close(table, fds[0]);
        fdtable_close(table, fds[1]);
        return -EFAULT;
    }
    return 0;
}
