/* System calls that ask what a file is. */
#include "kern/fs/fdtable.h"
#include "kern/mem/uaccess.h"
#include "kern/sys/errno.h"
#include "kern/sys/path_arg.h"
#include <onering/syscalls.h>

#define AT_NO_AUTOMOUNT 0x800 /* accepted: nothing mounts itself here */
#define STAT_FLAGS      (AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_EMPTY_PATH)

#define ANY_X 0111

static long stat_to_user(struct vnode *vnode, struct stat *user)
{
    struct stat st;
    int error = vfs_stat(vnode, &st);
    return error ? error : copy_to_user(user, &st, sizeof(st));
}

long sys_fstat(int fd, struct stat *st)
{
    struct file *file = fdtable_get(fs_context()->files, fd);
    if (!file)
        return -EBADF;
    long result = stat_to_user(file->vnode, st);
    file_unref(file);
    return result;
}

/* What the path names; with AT_EMPTY_PATH the empty one is the descriptor itself. A reference. */
static int resolve(int dirfd, const char *path, int flags, struct vnode **found)
{
    struct path_arg arg;
    int error = path_arg_get(&arg, dirfd, path);
    if (error)
        return error;
    if (!arg.path[0] && (flags & AT_EMPTY_PATH) && arg.start) {
        *found = arg.start;
        return 0;
    }
    error = vfs_lookup(arg.start, arg.path, found);
    path_arg_put(&arg);
    return error;
}

long sys_newfstatat(int dirfd, const char *path, struct stat *st, int flags)
{
    struct vnode *vnode;
    if (flags & ~STAT_FLAGS)
        return -EINVAL;
    long result = resolve(dirfd, path, flags, &vnode);
    if (result)
        return result;
    result = stat_to_user(vnode, st);
    vnode_unref(vnode);
    return result;
}

/* Everybody is root here, who may do what the file system allows, and execute what anybody may. */
static long check_access(struct vnode *vnode, int mode)
{
    struct stat st;
    int error = vfs_stat(vnode, &st);
    if (error)
        return error;
    if ((mode & W_OK) && vnode->type != S_IFCHR && vnode->fs && vnode->fs->type->read_only)
        return -EROFS;
    if ((mode & X_OK) && !vnode_is_dir(vnode) && !(st.st_mode & ANY_X))
        return -EACCES;
    return 0;
}

long sys_faccessat(int dirfd, const char *path, int mode)
{
    struct vnode *vnode;
    if (mode & ~(R_OK | W_OK | X_OK))
        return -EINVAL;
    long result = resolve(dirfd, path, 0, &vnode);
    if (result)
        return result;
    result = check_access(vnode, mode);
    vnode_unref(vnode);
    return result;
}
