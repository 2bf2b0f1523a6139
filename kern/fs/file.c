/* Open files: the offset, and what an opening allows. */
#include "kern/fs/file.h"
#include "kern/alloc/kmalloc.h"
#include "kern/fs/vfs.h"
#include "kern/sys/errno.h"

/* Flags that speak to open() and are not kept. */
#define OPEN_ONLY (O_CREAT | O_EXCL | O_NOCTTY | O_TRUNC | O_CLOEXEC)

struct file *file_create(struct vnode *vnode, unsigned flags)
{
    struct file *file = kmalloc(sizeof(*file));
    if (file)
        *file = (struct file){
            .vnode = vnode, .refs = 1, .flags = flags & ~OPEN_ONLY, .release = file_free};
    return file;
}

void file_free(struct file *file)
{
    vnode_unref(file->vnode);
    kfree(file);
}

/* Why a read or write may not even be tried. `positioned`: the caller brought an offset. */
static int refusal(const struct file *file, bool allowed, bool positioned)
{
    if (positioned && file->vnode->ops->stream)
        return -ESPIPE;
    if (!allowed)
        return -EBADF;
    return vnode_is_dir(file->vnode) ? -EISDIR : -EINVAL;
}

long file_read_at(struct file *file, struct io *io, const int64_t *offset)
{
    struct vnode *vnode = file->vnode;
    const struct vnode_ops *ops = vnode->ops;
    unsigned flags = file->flags;
    bool allowed = flags_may_read(flags);
    if (unlikely(!allowed || !ops->read || (offset && ops->stream)))
        return refusal(file, allowed, offset);
    if (offset || !file_has_offset(file))
        return ops->read(vnode, io, offset ? *offset : 0, flags);
    mutex_lock(&file->lock);
    long n = ops->read(vnode, io, file->offset, flags);
    if (n > 0)
        file->offset += n;
    mutex_unlock(&file->lock);
    return n;
}

long file_write_at(struct file *file, struct io *io, const int64_t *offset)
{
    struct vnode *vnode = file->vnode;
    const struct vnode_ops *ops = vnode->ops;
    unsigned flags = file->flags;
    bool allowed = flags_may_write(flags);
    if (unlikely(!allowed || !ops->write || (offset && ops->stream)))
        return refusal(file, allowed, offset);
    int64_t at = offset ? *offset : 0;
    if (offset || !file_has_offset(file))
        return ops->write(vnode, io, &at, flags);
    mutex_lock(&file->lock);
    at = file->offset;
    long n = ops->write(vnode, io, &at, flags);
    if (n > 0)
        file->offset = at + n;
    mutex_unlock(&file->lock);
    return n;
}

static int64_t size_of(struct vnode *vnode)
{
    struct stat st;
    int error = vfs_stat(vnode, &st);
    return error ? error : st.st_size;
}

int64_t file_seek(struct file *file, int64_t offset, int whence)
{
    if (file->vnode->ops->stream)
        return -ESPIPE;
    mutex_lock(&file->lock);
    int64_t base = -EINVAL;
    if (whence == SEEK_SET)
        base = 0;
    else if (whence == SEEK_CUR)
        base = file->offset;
    else if (whence == SEEK_END)
        base = size_of(file->vnode);
    int64_t target = base;
    if (base >= 0 && (__builtin_add_overflow(base, offset, &target) || target < 0))
        target = -EINVAL;
    if (target >= 0)
        file->offset = target;
    mutex_unlock(&file->lock);
    return target;
}

long file_ioctl(struct file *file, unsigned request, unsigned long arg)
{
    const struct vnode_ops *ops = file->vnode->ops;
    return ops->ioctl ? ops->ioctl(file->vnode, request, arg) : -ENOTTY;
}
