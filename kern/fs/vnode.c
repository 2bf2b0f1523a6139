/* What all vnodes have in common. */
#include "kern/fs/vnode.h"
#include "kern/core/string.h"
#include "kern/fs/vfs.h"

#define BLOCK_SIZE 4096 /* st_blksize: a good size for reads and writes */

void vnode_init(struct vnode *vnode, const struct vnode_ops *ops, uint32_t type, uint64_t ino,
                struct mount *fs)
{
    *vnode = (struct vnode){.ops = ops, .type = type, .refs = 1, .ino = ino, .fs = fs};
}

void vnode_unref(struct vnode *vnode)
{
    if (vnode && __atomic_sub_fetch(&vnode->refs, 1, __ATOMIC_ACQ_REL) == 0)
        vnode->ops->release(vnode);
}

int vfs_stat(struct vnode *vnode, struct stat *st)
{
    memset(st, 0, sizeof(*st));
    st->st_dev = vnode->fs ? vnode->fs->dev : 0;
    st->st_ino = vnode->ino;
    st->st_mode = vnode->type;
    st->st_nlink = 1;
    st->st_blksize = BLOCK_SIZE;
    return vnode->ops->getattr ? vnode->ops->getattr(vnode, st) : 0;
}
