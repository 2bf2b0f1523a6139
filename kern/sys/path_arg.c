/* Paths from the program. */
#include "kern/sys/path_arg.h"
#include "kern/fs/fdtable.h"
#include "kern/mem/uaccess.h"
#include "kern/sys/errno.h"

/* The vnode of a descriptor, whatever it is. */
static int start_at(int dirfd, struct vnode **start)
{
    if (dirfd == AT_FDCWD) {
        *start = fs_context_cwd();
        return 0;
    }
    struct file *file = fdtable_get(fs_context()->files, dirfd);
    if (!file)
        return -EBADF;
    *start = vnode_ref(file->vnode);
    file_unref(file);
    return 0;
}

int path_arg_get(struct path_arg *arg, int dirfd, const char *user_path)
{
    arg->start = NULL;
    long len = string_from_user(arg->path, user_path, sizeof(arg->path));
    if (len < 0)
        return (int)len;
    if (arg->path[0] == '/')
        return 0; /* dirfd may be anything */
    int error = start_at(dirfd, &arg->start);
    if (!error && arg->start && len > 0 && !vnode_is_dir(arg->start)) {
        vnode_unref(arg->start);
        error = -ENOTDIR;
    }
    return error;
}

void path_arg_put(struct path_arg *arg)
{
    vnode_unref(arg->start);
}
