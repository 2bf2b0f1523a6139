/* Operations that take paths: open, mkdir, unlink, rename.
 *
 * Which error comes first when several apply is that of Linux. */
#include "kern/core/string.h"
#include "kern/fs/file.h"
#include "kern/fs/vfs.h"
#include "kern/sys/errno.h"

static bool is_read_only(const struct vnode *vnode)
{
    return vnode->fs && vnode->fs->type->read_only;
}

/* What `name` is in `dir`, without crossing into what is mounted there. */
static int peek(struct vnode *dir, const char *name, struct vnode **found)
{
    return dir->ops->lookup(dir, name, found);
}

/* --- open --- */

static int create(struct vnode *dir, const char *name, uint32_t mode, struct vnode **made)
{
    if (is_read_only(dir))
        return -EROFS;
    return dir->ops->create ? dir->ops->create(dir, name, mode, made) : -EPERM;
}

static int find_or_create(struct vnode *dir, const char *name, int flags, uint32_t mode,
                          struct vnode **found)
{
    for (;;) {
        struct vnode *at = vnode_ref(dir);
        int error = vfs_step(&at, name);
        if (!error && !(flags & O_EXCL)) {
            *found = at;
            return 0;
        }
        if (!error) {
            vnode_unref(at);
            return -EEXIST;
        }
        if (error == -ENOENT)
            error = create(dir, name, mode, found);
        if (error != -EEXIST || (flags & O_EXCL))
            return error;
        /* Somebody else made it between the two: then it can be found. */
    }
}

static int lookup_or_create(struct vnode *start, const char *path, int flags, uint32_t mode,
                            struct vnode **found)
{
    struct vfs_last last;
    struct vnode *dir;
    int error = vfs_lookup_parent(start, path, &dir, &last);
    if (error)
        return error;
    if (vfs_last_is_special(&last))
        error = flags & O_EXCL ? -EEXIST : -EISDIR;
    else if (last.slash)
        error = -EISDIR;
    else
        error = find_or_create(dir, last.name, flags, mode, found);
    vnode_unref(dir);
    return error;
}

static int check_open(struct vnode *vnode, int flags)
{
    bool changes = flags_may_write(flags) || (flags & O_TRUNC);
    if (vnode_is_dir(vnode) && (changes || (flags & O_CREAT)))
        return -EISDIR;
    if ((flags & O_DIRECTORY) && !vnode_is_dir(vnode))
        return -ENOTDIR;
    if (vnode->type == S_IFREG && changes && is_read_only(vnode))
        return -EROFS;
    if (vnode->type == S_IFREG && (flags & O_TRUNC))
        return vnode->ops->truncate(vnode, 0);
    return 0;
}

int vfs_open(struct vnode *start, const char *path, int flags, uint32_t mode, struct file **opened)
{
    struct vnode *vnode;
    int error;
    if ((flags & O_CREAT) && (flags & O_DIRECTORY))
        return -EINVAL;
    if (flags & O_CREAT)
        error = lookup_or_create(start, path, flags, mode, &vnode);
    else
        error = vfs_lookup(start, path, &vnode);
    if (error)
        return error;
    error = check_open(vnode, flags);
    if (!error) {
        *opened = file_create(vnode, (unsigned)flags);
        error = *opened ? 0 : -ENOMEM;
    }
    if (error)
        vnode_unref(vnode);
    return error;
}

/* --- mkdir --- */

static int mkdir_in(struct vnode *dir, const struct vfs_last *last, uint32_t mode)
{
    struct vnode *there;
    if (vfs_last_is_special(last))
        return -EEXIST;
    int error = peek(dir, last->name, &there);
    if (!error) {
        vnode_unref(there);
        return -EEXIST;
    }
    if (error != -ENOENT)
        return error;
    if (is_read_only(dir))
        return -EROFS;
    return dir->ops->mkdir ? dir->ops->mkdir(dir, last->name, mode) : -EPERM;
}

int vfs_mkdir(struct vnode *start, const char *path, uint32_t mode)
{
    struct vfs_last last;
    struct vnode *dir;
    int error = vfs_lookup_parent(start, path, &dir, &last);
    if (error)
        return error;
    error = mkdir_in(dir, &last, mode);
    vnode_unref(dir);
    return error;
}

/* --- unlink and rmdir --- */

static int remove_special(const char *name, bool directory)
{
    if (!directory)
        return -EISDIR;
    if (!name[0])
        return -EBUSY; /* the root */
    return name[1] ? -ENOTEMPTY : -EINVAL;
}

static int remove_file(struct vnode *dir, const struct vfs_last *last, struct vnode *victim)
{
    if (vnode_is_dir(victim))
        return -EISDIR;
    if (last->slash)
        return -ENOTDIR;
    return dir->ops->unlink ? dir->ops->unlink(dir, last->name) : -EPERM;
}

static int remove_directory(struct vnode *dir, const struct vfs_last *last, struct vnode *victim)
{
    if (!vnode_is_dir(victim))
        return -ENOTDIR;
    if (victim->mounted)
        return -EBUSY;
    return dir->ops->rmdir ? dir->ops->rmdir(dir, last->name) : -EPERM;
}

static int remove_from(struct vnode *dir, const struct vfs_last *last, bool directory)
{
    struct vnode *victim;
    if (vfs_last_is_special(last))
        return remove_special(last->name, directory);
    if (is_read_only(dir))
        return -EROFS;
    int error = peek(dir, last->name, &victim);
    if (error)
        return error;
    error = (directory ? remove_directory : remove_file)(dir, last, victim);
    vnode_unref(victim);
    return error;
}

int vfs_unlink(struct vnode *start, const char *path, bool directory)
{
    struct vfs_last last;
    struct vnode *dir;
    int error = vfs_lookup_parent(start, path, &dir, &last);
    if (error)
        return error;
    if (directory)
        mutex_lock(&vfs_tree_lock);
    error = remove_from(dir, &last, directory);
    if (directory)
        mutex_unlock(&vfs_tree_lock);
    vnode_unref(dir);
    return error;
}

/* --- rename --- */

/* One side of a rename. */
struct place {
    struct vnode *dir;
    struct vfs_last last;
};

/* `slash`: the path said that it is a directory. */
static int check_old(const struct place *old, bool slash)
{
    struct vnode *victim;
    int error = peek(old->dir, old->last.name, &victim);
    if (error)
        return error;
    if (slash && !vnode_is_dir(victim))
        error = -ENOTDIR;
    else if (victim->mounted)
        error = -EBUSY;
    vnode_unref(victim);
    return error;
}

static int check_new(const struct place *new)
{
    struct vnode *there;
    int error = peek(new->dir, new->last.name, &there);
    if (error)
        return error == -ENOENT ? 0 : error;
    error = there->mounted ? -EBUSY : 0;
    vnode_unref(there);
    return error;
}

/* vfs_tree_lock held. */
static int rename_checked(struct place *old, struct place *new, unsigned flags)
{
    if (old->dir->fs != new->dir->fs)
        return -EXDEV;
    if (vfs_last_is_special(&old->last) || vfs_last_is_special(&new->last))
        return -EBUSY;
    if (is_read_only(old->dir))
        return -EROFS;
    if (!old->dir->ops->rename)
        return -EPERM;
    int error = check_old(old, old->last.slash || new->last.slash);
    if (!error)
        error = check_new(new);
    if (!error)
        error = old->dir->ops->rename(old->dir, old->last.name, new->dir, new->last.name, flags);
    return error;
}

int vfs_rename(struct vnode *oldstart, const char *oldpath, struct vnode *newstart,
               const char *newpath, unsigned flags)
{
    struct place old, new;
    if (flags & ~RENAME_NOREPLACE)
        return -EINVAL;
    int error = vfs_lookup_parent(oldstart, oldpath, &old.dir, &old.last);
    if (error)
        return error;
    error = vfs_lookup_parent(newstart, newpath, &new.dir, &new.last);
    if (!error) {
        mutex_lock(&vfs_tree_lock);
        error = rename_checked(&old, &new, flags);
        mutex_unlock(&vfs_tree_lock);
        vnode_unref(new.dir);
    }
    vnode_unref(old.dir);
    return error;
}
