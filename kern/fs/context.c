/* Where the running program is in the tree of names. */
#include "kern/fs/fdtable.h"
#include "kern/fs/vfs.h"

struct vnode *fs_context_cwd(void)
{
    struct fs_context *context = fs_context();
    spin_lock(&context->lock);
    struct vnode *cwd = context->cwd ? vnode_ref(context->cwd) : NULL;
    spin_unlock(&context->lock);
    return cwd ? cwd : vfs_root();
}

void fs_context_chdir(struct vnode *dir)
{
    struct fs_context *context = fs_context();
    spin_lock(&context->lock);
    struct vnode *before = context->cwd;
    context->cwd = dir;
    spin_unlock(&context->lock);
    vnode_unref(before);
}
