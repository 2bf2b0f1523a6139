/* System calls that take paths to open, make, remove and rename. */
#include "kern/fs/fdtable.h"
#include "kern/sys/errno.h"
#include "kern/sys/path_arg.h"
#include <onering/syscalls.h>

/* Permission bits as the program wants them and its umask allows them. */
static uint32_t masked(unsigned int mode)
{
    return mode & 07777 & ~fs_context()->umask;
}

static long add_opened(struct file *file, int flags)
{
    int fd = fdtable_add(fs_context()->files, file, 0, flags & O_CLOEXEC);
    if (fd < 0)
        file_unref(file);
    return fd;
}

long sys_openat(int dirfd, const char *path, int flags, unsigned int mode)
{
    struct path_arg arg;
    struct file *file;
    long result = path_arg_get(&arg, dirfd, path);
    if (result)
        return result;
    result = vfs_open(arg.start, arg.path, flags, masked(mode), &file);
    path_arg_put(&arg);
    return result ? result : add_opened(file, flags);
}

long sys_mkdirat(int dirfd, const char *path, unsigned int mode)
{
    struct path_arg arg;
    long result = path_arg_get(&arg, dirfd, path);
    if (result)
        return result;
    result = vfs_mkdir(arg.start, arg.path, masked(mode));
    path_arg_put(&arg);
    return result;
}

long sys_unlinkat(int dirfd, const char *path, int flags)
{
    struct path_arg arg;
    if (flags & ~AT_REMOVEDIR)
        return -EINVAL;
    long result = path_arg_get(&arg, dirfd, path);
    if (result)
        return result;
    result = vfs_unlink(arg.start, arg.path, flags & AT_REMOVEDIR);
    path_arg_put(&arg);
    return result;
}

long sys_renameat2(int olddir, const char *oldpath, int newdir, const char *newpath,
                   unsigned int flags)
{
    struct path_arg old, new;
    long result = path_arg_get(&old, olddir, oldpath);
    if (result)
        return result;
    result = path_arg_get(&new, newdir, newpath);
    if (!result) {
        result = vfs_rename(old.start, old.path, new.start, new.path, flags);
        path_arg_put(&new);
    }
    path_arg_put(&old);
    return result;
}

long sys_umask(unsigned int mask)
{
    return __atomic_exchange_n(&fs_context()->umask, mask & 0777, __ATOMIC_RELAXED);
}
