/* System calls about directories: reading them, standing in them, mounting on them. */
#include "kern/core/string.h"
#include "kern/fs/fdtable.h"
#include "kern/mem/uaccess.h"
#include "kern/sys/errno.h"
#include "kern/sys/path_arg.h"
#include <onering/syscalls.h>

#define FSTYPE_MAX 32

/* --- getdents64 --- */

#define RECORD_ALIGN     8
#define RECORD_SIZE(len) ALIGN_UP(offsetof(struct dirent64, d_name) + (len) + 1, RECORD_ALIGN)

struct listing {
    char *user; /* where the next record goes */
    size_t left;
    long done;        /* bytes written */
    int error;        /* why it ended */
    int64_t next_off; /* of the entry after the last one written */
};

static bool emit_record(void *arg, const char *name, size_t len, uint64_t ino, uint8_t type,
                        int64_t next_off)
{
    struct listing *listing = arg;
    union {
        struct dirent64 header;
        char bytes[RECORD_SIZE(NAME_MAX)];
    } record;
    size_t size = RECORD_SIZE(len);
    if (size > listing->left) {
        listing->error = -EINVAL; /* matters only if this is the first */
        return false;
    }
    memset(record.bytes + size - RECORD_ALIGN, 0, RECORD_ALIGN); /* NUL and padding */
    record.header.d_ino = ino;
    record.header.d_off = next_off;
    record.header.d_reclen = (uint16_t)size;
    record.header.d_type = type;
    memcpy(record.header.d_name, name, len);
    listing->error = copy_to_user(listing->user, record.bytes, size);
    if (listing->error)
        return false;
    listing->user += size;
    listing->left -= size;
    listing->done += (long)size;
    listing->next_off = next_off;
    return true;
}

static long list(struct file *file, void *buf, size_t size)
{
    struct vnode *dir = file->vnode;
    struct listing listing = {.user = buf, .left = size};
    if (!vnode_is_dir(dir))
        return -ENOTDIR;
    mutex_lock(&file->lock);
    int error = dir->ops->readdir(dir, file->offset, emit_record, &listing);
    if (listing.done)
        file->offset = listing.next_off;
    mutex_unlock(&file->lock);
    if (listing.done)
        return listing.done;
    return error ? error : listing.error;
}

long sys_getdents64(int fd, void *buf, size_t size)
{
    struct file *file = fdtable_get(fs_context()->files, fd);
    if (!file)
        return -EBADF;
    long result = list(file, buf, size);
    file_unref(file);
    return result;
}

/* --- the working directory --- */

/* The directory that the path names, a reference. */
static int find_directory(const char *path, struct vnode **dir)
{
    struct path_arg arg;
    int error = path_arg_get(&arg, AT_FDCWD, path);
    if (error)
        return error;
    error = vfs_lookup(arg.start, arg.path, dir);
    path_arg_put(&arg);
    if (!error && !vnode_is_dir(*dir)) {
        vnode_unref(*dir);
        error = -ENOTDIR;
    }
    return error;
}

long sys_chdir(const char *path)
{
    struct vnode *dir;
    int error = find_directory(path, &dir);
    if (!error)
        fs_context_chdir(dir);
    return error;
}

long sys_getcwd(char *buf, size_t size)
{
    char path[PATH_MAX];
    struct vnode *cwd = fs_context_cwd();
    if (!cwd)
        return -ENOENT;
    long len = vfs_path_of(cwd, path, sizeof(path));
    vnode_unref(cwd);
    if (len == -ERANGE)
        return -ENAMETOOLONG; /* no buffer of the program would have helped */
    if (len < 0)
        return len;
    if ((size_t)len > size)
        return -ERANGE;
    return copy_to_user(buf, path, (size_t)len) ? -EFAULT : len;
}

/* --- mounts --- */

long sys_mount(const char *source, const char *target, const char *fstype, unsigned long flags,
               const void *options)
{
    char type[FSTYPE_MAX];
    struct vnode *dir;
    (void)source, (void)flags, (void)options; /* file systems in memory have none */
    long len = string_from_user(type, fstype, sizeof(type));
    if (len < 0)
        return len == -ENAMETOOLONG ? -ENODEV : len;
    int error = find_directory(target, &dir);
    if (error)
        return error;
    error = vfs_mount(type, dir, NULL, 0);
    vnode_unref(dir);
    return error;
}

long sys_umount2(const char *target, int flags)
{
    struct vnode *dir;
    if (flags)
        return -EINVAL;
    int error = find_directory(target, &dir);
    return error ? error : vfs_unmount(dir);
}
