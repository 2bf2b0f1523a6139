/* Names to vnodes: paths, mounts, and the operations that take paths.
 *
 * Paths are strings of the kernel. `start` is where a relative one begins (the cwd, or the vnode of a
 * directory descriptor). Symbolic links do not exist.
 */
#pragma once
#include "kern/fs/vnode.h"

struct file;

/* A kind of file system. */
struct fs_type {
    const char *name;
    bool read_only;
    /* Makes mount->root from what `mount` describes. */
    int (*mount)(struct mount *mount);
    /* Gives everything up, or -EBUSY when more than mount->root's one reference is in use. No new
     * references come in from above meanwhile. NULL: it stays for ever. */
    int (*unmount)(struct mount *mount);
};

extern const struct fs_type cpiofs_type, ramfs_type, devfs_type;

struct mount {
    const struct fs_type *type;
    struct vnode *root;    /* one reference held by the mount */
    struct vnode *covered; /* where it is mounted (a reference); NULL for the root */
    uint64_t dev;          /* st_dev */
    const void *source;    /* fs-specific: e.g. the cpio archive */
    size_t source_size;
    void *private; /* the file system's own */
};

/* The root file system this image was linked with (ROOTFS=); NULL: none. It is mounted when the init
 * table runs, and on it /dev and /tmp. */
extern const struct fs_type *const root_fs_type;

struct vnode *vfs_root(void); /* a new reference; NULL: there is no root */
/* -ENODEV: no such type; -EBUSY: something is mounted there. */
int vfs_mount(const char *fstype, struct vnode *on, const void *source, size_t source_size);
/* Takes over the reference to the root of what is mounted. -EBUSY: in use; -EINVAL: no such root. */
int vfs_unmount(struct vnode *mounted_root);

/* The last component of a path. */
struct vfs_last {
    char name[NAME_MAX + 1]; /* "": the path was "/"; may be "." or ".." */
    bool slash;              /* a slash followed: it has to be a directory */
};

int vfs_lookup(struct vnode *start, const char *path, struct vnode **found);
/* The directory that the last component is in. */
int vfs_lookup_parent(struct vnode *start, const char *path, struct vnode **dir,
                      struct vfs_last *last);
/* Opens or creates, as the O_* flags say. */
int vfs_open(struct vnode *start, const char *path, int flags, uint32_t mode, struct file **opened);
int vfs_mkdir(struct vnode *start, const char *path, uint32_t mode);
int vfs_unlink(struct vnode *start, const char *path, bool directory);
int vfs_rename(struct vnode *oldstart, const char *oldpath, struct vnode *newstart,
               const char *newpath, unsigned flags);
/* Always succeeds for what has no getattr of its own. */
int vfs_stat(struct vnode *vnode, struct stat *st);
/* The absolute path of a directory: its length with NUL, or -ERANGE, -ENOENT. */
long vfs_path_of(struct vnode *dir, char *buffer, size_t size);

/* --- between the files of the vfs --- */

/* The shape of the tree: taken by mount and unmount, by those who remove and move directories, and
 * by those to whom it matters that nobody does (crossing a mount, getcwd). Before any lock of a file
 * system. */
extern struct mutex vfs_tree_lock;

/* One component from *at, which becomes what was found; on failure the reference to *at is gone. */
int vfs_step(struct vnode **at, const char *name);
/* "", "." and ".." name directories that are there already. */
bool vfs_last_is_special(const struct vfs_last *last);
/* Goes to the root of what is mounted on `vnode`, if anything. Takes over `vnode`. */
struct vnode *vfs_cross_down(struct vnode *vnode);
/* Goes from the root of a mount to the directory it covers, as often as needed. Takes over `dir`. */
struct vnode *vfs_cross_up(struct vnode *dir);
