/* The vnode: a thing in a file system. Identity, operations, reference count.
 *
 * Three things are kept apart: a vnode is the file itself; a struct file (file.h) is one opening of it,
 * with offset and flags; a descriptor (fdtable.h) is a process's name for a struct file.
 *
 * A file system embeds struct vnode in its own node. Directory operations get one component of a path,
 * never "." or "..", NUL-terminated, at most NAME_MAX long. All operations may sleep. Unless said
 * otherwise they return 0 or a negative errno, and an operation that is NULL means: not possible here
 * (the callers in vfs.c, file.c choose the errno).
 */
#pragma once
#include "kern/core/list.h"
#include "kern/fs/io.h"
#include "kern/sys/abi.h"

struct vnode;
struct file;
struct poll_table;

/* Called for each directory entry; returns false to stop (the entry was not taken). */
typedef bool dir_emit(void *arg, const char *name, size_t len, uint64_t ino, uint8_t type,
                      int64_t next_off);

struct vnode_ops {
    /* directories */
    int (*lookup)(struct vnode *dir, const char *name,
                  struct vnode **found); /* found: referenced */
    int (*create)(struct vnode *dir, const char *name, uint32_t mode, struct vnode **made);
    int (*mkdir)(struct vnode *dir, const char *name, uint32_t mode);
    int (*unlink)(struct vnode *dir, const char *name); /* not a directory */
    int (*rmdir)(struct vnode *dir, const char *name);
    int (*rename)(struct vnode *olddir, const char *oldname, struct vnode *newdir,
                  const char *newname, unsigned flags);     /* both on this file system */
    int (*parent)(struct vnode *dir, struct vnode **found); /* "..": the root's is the root */
    /* Entries from `off` on, "." and ".." included; off 0 is the first. */
    int (*readdir)(struct vnode *dir, int64_t off, dir_emit *emit, void *arg);
    /* files; return bytes moved. Short only at the end of file or out of space. */
    long (*read)(struct vnode *vnode, struct io *io, int64_t off, unsigned file_flags);
    /* With O_APPEND it writes at the end and says in *off where that was. */
    long (*write)(struct vnode *vnode, struct io *io, int64_t *off, unsigned file_flags);
    int (*truncate)(struct vnode *vnode, int64_t size);
    long (*ioctl)(struct vnode *vnode, unsigned request, unsigned long arg);
    /* Bits of POLLIN... that are true now; registers with `table` (may be NULL) for changes. NULL:
     * always ready. */
    short (*poll)(struct vnode *vnode, unsigned file_flags, struct poll_table *table);
    /* A stream has no offsets: it cannot seek, and a read may wait for another thread to write. */
    bool stream;
    /* all */
    int (*getattr)(struct vnode *vnode, struct stat *st); /* st is zeroed before */
    void (*release)(struct vnode *vnode);                 /* the last reference is gone: free it */
};

struct vnode {
    const struct vnode_ops *ops;
    uint32_t type;         /* S_IFREG, S_IFDIR, S_IFCHR, S_IFIFO */
    uint32_t refs;         /* atomic */
    uint64_t ino;          /* unique within its file system */
    struct mount *fs;      /* the mounted file system it belongs to; NULL: none (pipe) */
    struct mount *mounted; /* what is mounted on it; changes under vfs_tree_lock */
};

/* One reference, the caller's. */
void vnode_init(struct vnode *vnode, const struct vnode_ops *ops, uint32_t type, uint64_t ino,
                struct mount *fs);

static inline struct vnode *vnode_ref(struct vnode *vnode)
{
    __atomic_fetch_add(&vnode->refs, 1, __ATOMIC_RELAXED);
    return vnode;
}

void vnode_unref(struct vnode *vnode); /* NULL is fine */

static inline bool vnode_is_dir(const struct vnode *vnode)
{
    return vnode->type == S_IFDIR;
}
