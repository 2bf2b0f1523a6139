/* ramfs: files in memory. Nodes, mounting and unmounting; names are in ramfs_names.c, contents in
 * ramfs_file.c. */
#include "kern/fs/ramfs.h"
#include "kern/alloc/kmalloc.h"
#include "kern/mem/pages.h"
#include "kern/sys/errno.h"
#include "kern/sys/time.h"

#define STAT_BLOCK    512 /* what st_blocks counts */
#define RESERVE_PARTS 16  /* one of so many parts of memory is not for files */

bool ramfs_is_full(void)
{
    return pages_available() < pages_total() / RESERVE_PARTS;
}

uint64_t ramfs_now_ns(void)
{
    return clock_now_ns() + realtime_offset_ns();
}

struct ramfs_node *ramfs_node_create(struct mount *mount, uint32_t type, uint32_t mode)
{
    struct ramfs *fs = mount->private;
    struct ramfs_node *node = ramfs_is_full() ? NULL : kzalloc(sizeof(*node));
    if (!node)
        return NULL;
    bool is_dir = type == S_IFDIR;
    vnode_init(&node->vnode, is_dir ? &ramfs_dir_ops : &ramfs_file_ops, type, fs->next_ino++,
               mount);
    node->mode = mode & 07777;
    node->mtime_ns = node->ctime_ns = ramfs_now_ns();
    if (is_dir) {
        list_init(&node->entries);
        node->next_offset = 2; /* "." and ".." come before */
    }
    __atomic_fetch_add(&fs->nnodes, 1, __ATOMIC_RELAXED);
    return node;
}

static void free_node(struct ramfs_node *node)
{
    if (!vnode_is_dir(&node->vnode))
        pagetree_trim(&node->pages, 0);
    __atomic_fetch_sub(&ramfs_of(&node->vnode)->nnodes, 1, __ATOMIC_RELEASE);
    kfree(node);
}

/* A removed directory holds on to its parent, which may be a removed directory itself: a loop, since
 * nobody bounds the length of such a chain. */
void ramfs_release(struct vnode *vnode)
{
    while (vnode) {
        struct ramfs_node *node = ramfs_node(vnode);
        struct vnode *parent = vnode_is_dir(vnode) ? &node->parent->vnode : NULL;
        free_node(node);
        bool last = parent && __atomic_sub_fetch(&parent->refs, 1, __ATOMIC_ACQ_REL) == 0;
        vnode = last ? parent : NULL;
    }
}

int ramfs_getattr(struct vnode *vnode, struct stat *st)
{
    struct ramfs_node *node = ramfs_node(vnode);
    st->st_mode |= node->mode;
    st->st_nlink = node->nlink;
    if (!vnode_is_dir(vnode)) {
        st->st_size = node->size;
        st->st_blocks = (int64_t)(node->npages * (PAGE_SIZE / STAT_BLOCK));
    }
    st->st_mtim = st->st_atim = timespec_of_ns(node->mtime_ns);
    st->st_ctim = timespec_of_ns(node->ctime_ns);
    return 0;
}

static int ramfs_mount(struct mount *mount)
{
    struct ramfs *fs = kzalloc(sizeof(*fs));
    if (!fs)
        return -ENOMEM;
    fs->next_ino = 1;
    mount->private = fs;
    struct ramfs_node *root = ramfs_node_create(mount, S_IFDIR, 0755);
    if (!root) {
        kfree(fs);
        return -ENOMEM;
    }
    root->nlink = 2;
    root->parent = root;
    mount->root = &root->vnode;
    return 0;
}

static bool is_in_use(const struct vnode *vnode)
{
    return __atomic_load_n(&vnode->refs, __ATOMIC_ACQUIRE) != 1;
}

/* Whether any node has a reference besides that of its entry, or lives without an entry. With the
 * lock held, a new reference to a node can come only from one there is already, here or in a node
 * on the way to it. */
static bool is_busy(struct ramfs *fs, struct vnode *root)
{
    size_t named = 1;
    bool busy = is_in_use(root);
    for (size_t i = 0; i < RAMFS_BUCKETS; i++)
        for (struct ramfs_entry *entry = fs->buckets[i]; entry; entry = entry->chain) {
            busy |= is_in_use(&entry->target->vnode);
            named++;
        }
    return busy || __atomic_load_n(&fs->nnodes, __ATOMIC_ACQUIRE) != named;
}

static void free_all(struct ramfs *fs)
{
    for (size_t i = 0; i < RAMFS_BUCKETS; i++)
        while (fs->buckets[i]) {
            struct ramfs_entry *entry = fs->buckets[i];
            fs->buckets[i] = entry->chain;
            free_node(entry->target);
            kfree(entry);
        }
}

static int ramfs_unmount(struct mount *mount)
{
    struct ramfs *fs = mount->private;
    mutex_lock(&fs->lock);
    bool busy = is_busy(fs, mount->root);
    mutex_unlock(&fs->lock);
    if (busy)
        return -EBUSY;
    free_all(fs);
    free_node(ramfs_node(mount->root));
    kfree(fs);
    return 0;
}

const struct fs_type ramfs_type = {
    .name = "ramfs",
    .mount = ramfs_mount,
    .unmount = ramfs_unmount,
};
