/* ramfs: directories. */
#include "kern/alloc/kmalloc.h"
#include "kern/core/string.h"
#include "kern/fs/ramfs.h"
#include "kern/sys/errno.h"

/* --- entries; ramfs->lock held --- */

/* FNV-1a, begun with the directory: the same name in two directories falls into two buckets. */
static size_t bucket_of(const struct ramfs_node *dir, const char *name)
{
    uint32_t hash = 2166136261u ^ (uint32_t)dir->vnode.ino;
    for (; *name; name++)
        hash = (hash ^ (uint8_t)*name) * 16777619u;
    return (hash ^ hash >> 16) % RAMFS_BUCKETS;
}

/* The pointer to the entry, or to the NULL at the end of the chain that would hold it. */
static struct ramfs_entry **find(struct ramfs *fs, struct ramfs_node *dir, const char *name)
{
    size_t len = strlen(name);
    struct ramfs_entry **at = &fs->buckets[bucket_of(dir, name)];
    while (*at && !((*at)->dir == dir && (*at)->len == len && memcmp((*at)->name, name, len) == 0))
        at = &(*at)->chain;
    return at;
}

static struct ramfs_entry *entry_create(const char *name)
{
    size_t len = strlen(name);
    struct ramfs_entry *entry = kmalloc(sizeof(*entry) + len + 1);
    if (!entry)
        return NULL;
    entry->len = len;
    memcpy(entry->name, name, len + 1);
    return entry;
}

static void touch(struct ramfs_node *dir)
{
    dir->mtime_ns = dir->ctime_ns = ramfs_now_ns();
}

/* The entry takes over a reference to target. */
static void insert(struct ramfs_entry **at, struct ramfs_entry *entry, struct ramfs_node *dir,
                   struct ramfs_node *target)
{
    entry->chain = *at;
    *at = entry;
    entry->dir = dir;
    entry->target = target;
    entry->offset = dir->next_offset++;
    list_push_back(&dir->entries, &entry->node);
    if (vnode_is_dir(&target->vnode)) {
        target->parent = dir;
        dir->nlink++;
    }
    touch(dir);
}

/* Takes the entry at *at away; the caller gets its reference to the target. */
static struct ramfs_node *extract(struct ramfs_entry **at)
{
    struct ramfs_entry *entry = *at;
    struct ramfs_node *target = entry->target;
    *at = entry->chain;
    list_remove(&entry->node);
    if (vnode_is_dir(&target->vnode))
        entry->dir->nlink--;
    touch(entry->dir);
    kfree(entry);
    return target;
}

/* What extract() took has no name any more. */
static void orphan(struct ramfs_node *node)
{
    node->nlink = 0;
    node->ctime_ns = ramfs_now_ns();
    if (vnode_is_dir(&node->vnode))
        vnode_ref(&node->parent->vnode);
}

bool ramfs_dir_is_empty(const struct ramfs_node *dir)
{
    return list_is_empty(&dir->entries);
}

/* --- operations --- */

static int ramfs_lookup(struct vnode *dir, const char *name, struct vnode **found)
{
    struct ramfs *fs = ramfs_of(dir);
    mutex_lock(&fs->lock);
    struct ramfs_entry *entry = *find(fs, ramfs_node(dir), name);
    if (entry)
        *found = vnode_ref(&entry->target->vnode);
    mutex_unlock(&fs->lock);
    return entry ? 0 : -ENOENT;
}

/* ramfs->lock held. */
static int make(struct ramfs *fs, struct ramfs_node *dir, const char *name, uint32_t type,
                uint32_t mode, struct ramfs_node **made)
{
    struct ramfs_entry **at = find(fs, dir, name);
    if (*at)
        return -EEXIST;
    if (dir->nlink == 0)
        return -ENOENT;
    struct ramfs_entry *entry = entry_create(name);
    struct ramfs_node *node = entry ? ramfs_node_create(dir->vnode.fs, type, mode) : NULL;
    if (!node) {
        kfree(entry);
        return -ENOSPC;
    }
    node->nlink = type == S_IFDIR ? 2 : 1;
    insert(at, entry, dir, node);
    *made = node;
    return 0;
}

static int ramfs_create(struct vnode *dir, const char *name, uint32_t mode, struct vnode **made)
{
    struct ramfs *fs = ramfs_of(dir);
    struct ramfs_node *node;
    mutex_lock(&fs->lock);
    int error = make(fs, ramfs_node(dir), name, S_IFREG, mode, &node);
    if (!error)
        *made = vnode_ref(&node->vnode);
    mutex_unlock(&fs->lock);
    return error;
}

static int ramfs_mkdir(struct vnode *dir, const char *name, uint32_t mode)
{
    struct ramfs *fs = ramfs_of(dir);
    struct ramfs_node *node;
    mutex_lock(&fs->lock);
    int error = make(fs, ramfs_node(dir), name, S_IFDIR, mode, &node);
    mutex_unlock(&fs->lock);
    return error;
}

static int check_removal(const struct ramfs_node *node, bool directory)
{
    if (vnode_is_dir(&node->vnode) != directory)
        return directory ? -ENOTDIR : -EISDIR;
    return directory && !ramfs_dir_is_empty(node) ? -ENOTEMPTY : 0;
}

static int remove(struct vnode *dir, const char *name, bool directory)
{
    struct ramfs *fs = ramfs_of(dir);
    struct ramfs_node *node = NULL;
    mutex_lock(&fs->lock);
    struct ramfs_entry **at = find(fs, ramfs_node(dir), name);
    int error = *at ? check_removal((*at)->target, directory) : -ENOENT;
    if (!error) {
        node = extract(at);
        orphan(node);
    }
    mutex_unlock(&fs->lock);
    if (node)
        vnode_unref(&node->vnode); /* may free many pages: better without the lock */
    return error;
}

static int ramfs_unlink(struct vnode *dir, const char *name)
{
    return remove(dir, name, false);
}

static int ramfs_rmdir(struct vnode *dir, const char *name)
{
    return remove(dir, name, true);
}

static bool is_inside(const struct ramfs_node *dir, const struct ramfs_node *ancestor)
{
    while (dir != ancestor && dir->parent != dir)
        dir = dir->parent;
    return dir == ancestor;
}

/* May `node` take the place of `there` (NULL: nothing) in `dir`? */
static int check_rename(const struct ramfs_node *node, const struct ramfs_node *there,
                        const struct ramfs_node *dir, unsigned flags)
{
    bool is_dir = vnode_is_dir(&node->vnode);
    if (there && (flags & RENAME_NOREPLACE))
        return -EEXIST;
    if (is_dir && is_inside(dir, node))
        return -EINVAL;
    return there ? check_removal(there, is_dir) : 0;
}

/* ramfs->lock held. The node that was replaced, or NULL, goes to *replaced. */
static int rename_locked(struct ramfs *fs, struct ramfs_node *olddir, const char *oldname,
                         struct ramfs_node *newdir, const char *newname, unsigned flags,
                         struct ramfs_node **replaced)
{
    struct ramfs_entry *old = *find(fs, olddir, oldname);
    struct ramfs_entry *there = *find(fs, newdir, newname);
    if (!old || newdir->nlink == 0)
        return -ENOENT;
    if (old == there && flags == 0)
        return 0;
    int error = check_rename(old->target, there ? there->target : NULL, newdir, flags);
    if (error)
        return error;
    struct ramfs_entry *fresh = entry_create(newname);
    if (!fresh)
        return -ENOSPC;
    if (there) {
        *replaced = extract(find(fs, newdir, newname));
        orphan(*replaced);
    }
    struct ramfs_node *node = extract(find(fs, olddir, oldname));
    node->ctime_ns = ramfs_now_ns();
    insert(find(fs, newdir, newname), fresh, newdir, node);
    return 0;
}

static int ramfs_rename(struct vnode *olddir, const char *oldname, struct vnode *newdir,
                        const char *newname, unsigned flags)
{
    struct ramfs *fs = ramfs_of(olddir);
    struct ramfs_node *replaced = NULL;
    mutex_lock(&fs->lock);
    int error = rename_locked(fs, ramfs_node(olddir), oldname, ramfs_node(newdir), newname, flags,
                              &replaced);
    mutex_unlock(&fs->lock);
    if (replaced)
        vnode_unref(&replaced->vnode);
    return error;
}

static int ramfs_parent(struct vnode *dir, struct vnode **found)
{
    struct ramfs *fs = ramfs_of(dir);
    mutex_lock(&fs->lock);
    *found = vnode_ref(&ramfs_node(dir)->parent->vnode);
    mutex_unlock(&fs->lock);
    return 0;
}

static bool emit_dots(struct ramfs_node *dir, int64_t off, dir_emit *emit, void *arg)
{
    if (off < 1 && !emit(arg, ".", 1, dir->vnode.ino, DT_DIR, 1))
        return false;
    return off >= 2 || emit(arg, "..", 2, dir->parent->vnode.ino, DT_DIR, 2);
}

static int ramfs_readdir(struct vnode *vnode, int64_t off, dir_emit *emit, void *arg)
{
    struct ramfs *fs = ramfs_of(vnode);
    struct ramfs_node *dir = ramfs_node(vnode);
    struct ramfs_entry *entry;
    mutex_lock(&fs->lock);
    int error = dir->nlink == 0 ? -ENOENT : 0;
    if (!error && emit_dots(dir, off, emit, arg))
        list_for_each(entry, &dir->entries, node) {
            struct vnode *target = &entry->target->vnode;
            uint8_t type = vnode_is_dir(target) ? DT_DIR : DT_REG;
            if (entry->offset >= off &&
                !emit(arg, entry->name, entry->len, target->ino, type, entry->offset + 1))
                break;
        }
    mutex_unlock(&fs->lock);
    return error;
}

const struct vnode_ops ramfs_dir_ops = {
    .lookup = ramfs_lookup,
    .create = ramfs_create,
    .mkdir = ramfs_mkdir,
    .unlink = ramfs_unlink,
    .rmdir = ramfs_rmdir,
    .rename = ramfs_rename,
    .parent = ramfs_parent,
    .readdir = ramfs_readdir,
    .getattr = ramfs_getattr,
    .release = ramfs_release,
};
