/* System calls that move bytes: read, write and their relatives. */
#include "kern/core/init.h"
#include "kern/fs/fdtable.h"
#include "kern/mem/uaccess.h"
#include "kern/sys/errno.h"
#include <onering/syscalls.h>

#define RW_MAX  0x7ffff000UL /* one call moves no more than this, as in Linux */
#define IOV_FEW 8            /* so many pieces need no memory from the heap */

/* file_read_at or file_write_at. */
typedef long file_rw(struct file *file, struct io *io, const int64_t *offset);

/* A size with the top bit set reaches out of any address space. */
static inline bool is_size(size_t size)
{
    return (long)size >= 0;
}

static long transfer(struct fdtable *table, int fd, const void *buf, size_t size,
                     const int64_t *offset, file_rw *rw)
{
    struct file *file = fdtable_get(table, fd);
    if (!file)
        return -EBADF;
    struct io io = io_user(buf, MIN(size, RW_MAX));
    long result = is_size(size) ? rw(file, &io, offset) : -EFAULT;
    file_unref(file);
    return result;
}

static inline long read_from(int fd, void *buf, size_t size)
{
    struct fdtable *table = fs_context()->files;
    struct file *file = fdtable_peek(table, fd);
    if (unlikely(!file || !is_size(size)))
        return transfer(table, fd, buf, size, NULL, file_read_at);
    struct io io = io_user(buf, MIN(size, RW_MAX));
    return file_read(file, &io);
}

long sys_read(int fd, void *buf, size_t size)
{
    INIT_NEEDS(tty_input_init); /* whoever reads may read the console */
    return read_from(fd, buf, size);
}

/* For descriptors that open() gave: a fused program that reads no others (not 0, nor what dup made of
 * it) does not have the console's input half in its image. */
long sys_read_file(int fd, void *buf, size_t size)
{
    return read_from(fd, buf, size);
}

long sys_write(int fd, const void *buf, size_t size)
{
    struct fdtable *table = fs_context()->files;
    struct file *file = fdtable_peek(table, fd);
    if (unlikely(!file || !is_size(size)))
        return transfer(table, fd, buf, size, NULL, file_write_at);
    struct io io = io_user(buf, MIN(size, RW_MAX));
    return file_write(file, &io);
}

static long transfer_at(int fd, const void *buf, size_t size, int64_t offset, file_rw *rw)
{
    return offset < 0 ? -EINVAL : transfer(fs_context()->files, fd, buf, size, &offset, rw);
}

long sys_pread64(int fd, void *buf, size_t size, long offset)
{
    return transfer_at(fd, buf, size, offset, file_read_at);
}

long sys_pwrite64(int fd, const void *buf, size_t size, long offset)
{
    return transfer_at(fd, buf, size, offset, file_write_at);
}

/* What the pieces add up to, RW_MAX at most; -EINVAL if one is out of any bounds. */
static long total_of(const struct iovec *pieces, int count)
{
    size_t total = 0;
    for (int i = 0; i < count; i++) {
        if ((long)pieces[i].iov_len < 0)
            return -EINVAL;
        total = MIN(total + pieces[i].iov_len, RW_MAX);
    }
    return (long)total;
}

static long transfer_pieces(struct file *file, const struct iovec *user, int count, file_rw *rw)
{
    struct iovec few[IOV_FEW];
    const void *pieces;
    if (count < 0 || count > IOV_MAX)
        return -EINVAL;
    int error = user_array_get(&pieces, user, (size_t)count * sizeof(*user), few, sizeof(few));
    if (error)
        return error;
    long result = total_of(pieces, count);
    if (result >= 0) {
        struct io io = io_vector(pieces, (size_t)count, (size_t)result);
        result = rw(file, &io, NULL);
    }
    user_array_put(pieces, few);
    return result;
}

static long transfer_vector(int fd, const struct iovec *user, int count, file_rw *rw)
{
    struct file *file = fdtable_get(fs_context()->files, fd);
    if (!file)
        return -EBADF;
    long result = transfer_pieces(file, user, count, rw);
    file_unref(file);
    return result;
}

long sys_readv(int fd, const struct iovec *iov, int iovcnt)
{
    INIT_NEEDS(tty_input_init);
    return transfer_vector(fd, iov, iovcnt, file_read_at);
}

long sys_writev(int fd, const struct iovec *iov, int iovcnt)
{
    return transfer_vector(fd, iov, iovcnt, file_write_at);
}

long sys_lseek(int fd, long offset, int whence)
{
    struct file *file = fdtable_get(fs_context()->files, fd);
    if (!file)
        return -EBADF;
    long result = file_seek(file, offset, whence);
    file_unref(file);
    return result;
}

static int truncate_file(struct file *file, long length)
{
    struct vnode *vnode = file->vnode;
    if (vnode->type != S_IFREG || !flags_may_write(file->flags) || !vnode->ops->truncate)
        return -EINVAL;
    return vnode->ops->truncate(vnode, length);
}

long sys_ftruncate(int fd, long length)
{
    if (length < 0)
        return -EINVAL;
    struct file *file = fdtable_get(fs_context()->files, fd);
    if (!file)
        return -EBADF;
    long result = truncate_file(file, length);
    file_unref(file);
    return result;
}

/* All file systems there are keep everything in memory. */
long sys_sync(void)
{
    return 0;
}
