/* System calls that move bytes: read, write and their relatives. */
#include "kern/alloc/kmalloc.h"
#include "kern/fs/fdtable.h"
#include "kern/mem/uaccess.h"
#include "kern/sys/errno.h"
#include <onering/syscalls.h>

#define RW_MAX  0x7ffff000UL /* one call moves no more than this, as in Linux */
#define IOV_FEW 8            /* so many pieces need no memory from the heap */

/* Makes *io from the program's buffer. A size with the top bit set reaches out of any address space:
 * false. */
static inline bool make_io(struct io *io, const void *buf, size_t size)
{
    *io = io_user(buf, size);
    if (likely(size <= RW_MAX))
        return true;
    io->piece = io->left = RW_MAX;
    return (long)size > 0;
}

long sys_read(int fd, void *buf, size_t size)
{
    struct fdtable *table = fs_context()->files;
    struct file *file = fdtable_borrow(table, fd);
    struct io io;
    if (!file)
        return -EBADF;
    long result = make_io(&io, buf, size) ? file_read(file, &io) : -EFAULT;
    fdtable_return(table, file);
    return result;
}

long sys_write(int fd, const void *buf, size_t size)
{
    struct fdtable *table = fs_context()->files;
    struct file *file = fdtable_borrow(table, fd);
    struct io io;
    if (!file)
        return -EBADF;
    long result = make_io(&io, buf, size) ? file_write(file, &io) : -EFAULT;
    fdtable_return(table, file);
    return result;
}

/* file_read_at or file_write_at. */
typedef long file_rw(struct file *file, struct io *io, const int64_t *offset);

static long transfer_at(int fd, const void *buf, size_t size, int64_t offset, file_rw *rw)
{
    if (offset < 0)
        return -EINVAL;
    struct file *file = fdtable_get(fs_context()->files, fd);
    if (!file)
        return -EBADF;
    struct io io;
    long result = make_io(&io, buf, size) ? rw(file, &io, &offset) : -EFAULT;
    file_unref(file);
    return result;
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

static long transfer_pieces(struct file *file, struct iovec *pieces, const struct iovec *user,
                            int count, file_rw *rw)
{
    if (copy_from_user(pieces, user, (size_t)count * sizeof(*pieces)) != 0)
        return -EFAULT;
    long total = total_of(pieces, count);
    if (total < 0)
        return total;
    struct io io = io_vector(pieces, (size_t)count, (size_t)total);
    return rw(file, &io, NULL);
}

static long transfer_vector(int fd, const struct iovec *user, int count, file_rw *rw)
{
    struct iovec few[IOV_FEW];
    struct file *file = fdtable_get(fs_context()->files, fd);
    long result = -EINVAL;
    if (!file)
        return -EBADF;
    if (count >= 0 && count <= IOV_MAX) {
        struct iovec *pieces = few;
        if (count > IOV_FEW)
            pieces = kmalloc((size_t)count * sizeof(*pieces));
        result = pieces ? transfer_pieces(file, pieces, user, count, rw) : -ENOMEM;
        if (pieces != few)
            kfree(pieces);
    }
    file_unref(file);
    return result;
}

long sys_readv(int fd, const struct iovec *iov, int iovcnt)
{
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
