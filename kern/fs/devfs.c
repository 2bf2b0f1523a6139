/* devfs: the names of devices, and the devices that are nothing but software.
 *
 * A new device is a struct device with its operations, and a line in `entries`.
 */
#include "kern/core/init.h"
#include "kern/core/random.h"
#include "kern/core/string.h"
#include "kern/dev/tty.h"
#include "kern/fs/device.h"
#include "kern/fs/vfs.h"
#include "kern/sys/errno.h"

#define RANDOM_CHUNK 64
#define RANDOM_MOST  (64 * KiB) /* of one read; a longer one comes back short */

/* --- null, zero, full, random --- */

static long read_nothing(struct vnode *vnode, struct io *io, int64_t off, unsigned file_flags)
{
    (void)vnode, (void)io, (void)off, (void)file_flags;
    return 0;
}

static long read_zeros(struct vnode *vnode, struct io *io, int64_t off, unsigned file_flags)
{
    (void)vnode, (void)off, (void)file_flags;
    long n = (long)io->left;
    int error = io_put_zeros(io, io->left);
    return error ? error : n;
}

static long read_random(struct vnode *vnode, struct io *io, int64_t off, unsigned file_flags)
{
    char bytes[RANDOM_CHUNK];
    size_t total = MIN(io->left, RANDOM_MOST);
    (void)vnode, (void)off, (void)file_flags;
    for (size_t done = 0; done < total;) {
        size_t n = MIN(total - done, sizeof(bytes));
        random_bytes(bytes, n);
        int error = io_put(io, bytes, n);
        if (error)
            return done ? (long)done : error;
        done += n;
    }
    return (long)total;
}

static long write_away(struct vnode *vnode, struct io *io, int64_t *off, unsigned file_flags)
{
    (void)vnode, (void)off, (void)file_flags;
    return (long)io->left;
}

static long write_full(struct vnode *vnode, struct io *io, int64_t *off, unsigned file_flags)
{
    (void)vnode, (void)io, (void)off, (void)file_flags;
    return -ENOSPC;
}

static const struct vnode_ops null_ops = {
    .read = read_nothing, .write = write_away, .getattr = device_getattr};
static const struct vnode_ops zero_ops = {
    .read = read_zeros, .write = write_away, .getattr = device_getattr};
static const struct vnode_ops full_ops = {
    .read = read_zeros, .write = write_full, .getattr = device_getattr};
static const struct vnode_ops random_ops = {
    .read = read_random, .write = write_away, .getattr = device_getattr};

static struct device null_device = DEVICE(&null_ops, 1, 3);
static struct device zero_device = DEVICE(&zero_ops, 1, 5);
static struct device full_device = DEVICE(&full_ops, 1, 7);
static struct device random_device = DEVICE(&random_ops, 1, 8);

/* --- the directory --- */

static const struct {
    const char *name;
    struct device *device;
} entries[] = {
    {"console", &tty_device},    {"tty", &tty_device},   {"null", &null_device},
    {"zero", &zero_device},      {"full", &full_device}, {"random", &random_device},
    {"urandom", &random_device},
};

static int lookup(struct vnode *dir, const char *name, struct vnode **found)
{
    (void)dir;
    for (size_t i = 0; i < ARRAY_LEN(entries); i++)
        if (strcmp(entries[i].name, name) == 0) {
            *found = vnode_ref(&entries[i].device->vnode);
            return 0;
        }
    return -ENOENT;
}

static int parent(struct vnode *dir, struct vnode **found)
{
    *found = vnode_ref(dir);
    return 0;
}

static int readdir(struct vnode *dir, int64_t off, dir_emit *emit, void *arg)
{
    if (off < 1 && !emit(arg, ".", 1, dir->ino, DT_DIR, 1))
        return 0;
    if (off < 2 && !emit(arg, "..", 2, dir->ino, DT_DIR, 2))
        return 0;
    for (size_t i = off < 2 ? 0 : (size_t)off - 2; i < ARRAY_LEN(entries); i++) {
        const char *name = entries[i].name;
        uint64_t ino = entries[i].device->vnode.ino;
        if (!emit(arg, name, strlen(name), ino, DT_CHR, (int64_t)i + 3))
            break;
    }
    return 0;
}

static int getattr(struct vnode *dir, struct stat *st)
{
    (void)dir;
    st->st_mode |= 0755;
    st->st_nlink = 2;
    return 0;
}

static const struct vnode_ops dir_ops = {
    .lookup = lookup, .parent = parent, .readdir = readdir, .getattr = getattr};
static struct vnode root = {.ops = &dir_ops, .type = S_IFDIR, .refs = 1, .ino = 1};

/* Devices are there once, so devfs is mounted once. */
static int devfs_mount(struct mount *mount)
{
    if (root.fs)
        return -EBUSY;
    root.fs = mount;
    mount->root = &root;
    for (size_t i = 0; i < ARRAY_LEN(entries); i++) {
        struct vnode *vnode = &entries[i].device->vnode;
        vnode->fs = mount;
        vnode->ino = i + 2;
    }
    return 0;
}

const struct fs_type devfs_type = {
    .name = "devfs",
    .mount = devfs_mount,
};
