/* A path that a system call was given: the string, copied, and where it begins. */
#pragma once
#include "kern/fs/vfs.h"

struct path_arg {
    struct vnode *start; /* a reference; NULL when the path is absolute */
    char path[PATH_MAX];
};

/* 0, or -EFAULT, -ENAMETOOLONG, -EBADF, -ENOTDIR. On success path_arg_put is due. */
int path_arg_get(struct path_arg *arg, int dirfd, const char *user_path);
void path_arg_put(struct path_arg *arg);
