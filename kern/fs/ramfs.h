/* ramfs, inside: what its files share.
 *
 * A node is a file or a directory; an entry gives a node a name in a directory:
 *
 *      struct ramfs                    node (directory)
 *      +---------+                     +---------+
 *      | buckets | --> entry --> ...   | entries | --> entry --> entry     (order of creation)
 *      +---------+      |   chain      +---------+       |
 *                       v target                         v target
 *                      node                             node
 *
 * Each entry is on two lists: that of its directory, for reading the directory in order, and the chain
 * of its bucket, where lookups find it. An entry holds a reference to its target, so a node lives
 * as long as it has a name or is in use. A directory that was removed while in use holds a reference
 * to the directory it was in: its ".." still leads there.
 */
#pragma once
#include "kern/fs/pagetree.h"
#include "kern/fs/vfs.h"
#include "kern/sched/mutex.h"

#define RAMFS_BUCKETS  128
#define RAMFS_MAX_SIZE ((int64_t)(PAGETREE_MAX_PAGES * 4096))

struct ramfs {
    struct mutex lock; /* guards all names: entries, chains, parents, link counts */
    uint64_t next_ino; /* guarded by lock */
    size_t nnodes;     /* nodes in memory, named or not; atomic */
    struct ramfs_entry *buckets[RAMFS_BUCKETS];
};

struct ramfs_entry {
    struct ramfs_entry *chain;
    struct list_node node; /* in dir->entries */
    struct ramfs_node *dir, *target;
    int64_t offset; /* where readdir meets it; grows along the list */
    size_t len;
    char name[];
};

struct ramfs_node {
    struct vnode vnode;
    uint32_t mode;  /* permission bits */
    uint32_t nlink; /* 0: it was removed */
    uint64_t mtime_ns, ctime_ns;
    union {
        struct { /* a directory; guarded by ramfs->lock */
            struct list_node entries;
            struct ramfs_node *parent; /* the root's is itself */
            int64_t next_offset;
        };
        struct { /* a file; guarded by data_lock */
            struct mutex data_lock;
            struct pagetree pages; /* bytes beyond size are zero */
            int64_t size;
            size_t npages; /* that are no holes */
        };
    };
};

static inline struct ramfs_node *ramfs_node(struct vnode *vnode)
{
    return container_of(vnode, struct ramfs_node, vnode);
}

static inline struct ramfs *ramfs_of(const struct vnode *vnode)
{
    return vnode->fs->private;
}

extern const struct vnode_ops ramfs_file_ops, ramfs_dir_ops;

/* ramfs.c: a node without a name, nlink 0; NULL: out of memory. ramfs->lock held, or not yet needed. */
struct ramfs_node *ramfs_node_create(struct mount *mount, uint32_t type, uint32_t mode);
void ramfs_release(struct vnode *vnode);
int ramfs_getattr(struct vnode *vnode, struct stat *st);
/* Some memory is left for those who have to clean up. */
bool ramfs_is_full(void);
uint64_t ramfs_now_ns(void); /* as st_mtime counts: since 1970 */

/* ramfs_names.c */
bool ramfs_dir_is_empty(const struct ramfs_node *dir);
