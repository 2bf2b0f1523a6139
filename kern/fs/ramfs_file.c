/* ramfs: contents of files. */
#include "kern/core/string.h"
#include "kern/fs/ramfs.h"
#include "kern/mem/pages.h"
#include "kern/sys/errno.h"

_Static_assert(PAGE_SIZE == 4096, "RAMFS_MAX_SIZE is in bytes");

/* The part of a transfer that lies in one page. */
struct span {
    size_t page; /* its index in the file */
    size_t from; /* offset in it */
    size_t n;
};

static struct span first_span(int64_t off, size_t left)
{
    size_t from = (size_t)off % PAGE_SIZE;
    return (struct span){(size_t)off / PAGE_SIZE, from, MIN(left, PAGE_SIZE - from)};
}

/* --- read --- */

static int read_span(struct ramfs_node *node, struct io *io, struct span span)
{
    char *page = pagetree_find(&node->pages, span.page);
    return page ? io_put(io, page + span.from, span.n) : io_put_zeros(io, span.n);
}

static long ramfs_read(struct vnode *vnode, struct io *io, int64_t off, unsigned file_flags)
{
    struct ramfs_node *node = ramfs_node(vnode);
    long moved = 0;
    int error = 0;
    (void)file_flags;
    mutex_lock(&node->data_lock);
    size_t left = off < node->size ? MIN(io->left, (size_t)(node->size - off)) : 0;
    while (left > 0 && !error) {
        struct span span = first_span(off + moved, left);
        error = read_span(node, io, span);
        if (!error) {
            moved += (long)span.n;
            left -= span.n;
        }
    }
    mutex_unlock(&node->data_lock);
    return moved ? moved : error;
}

/* --- write --- */

/* What a failed io_take left beyond the end of the file must not show up when the file grows. */
static void wipe_beyond_end(struct ramfs_node *node, struct span span, char *page)
{
    int64_t start = (int64_t)(span.page * PAGE_SIZE);
    size_t valid = node->size > start ? (size_t)(node->size - start) : 0;
    if (valid < PAGE_SIZE)
        memset(page + valid, 0, PAGE_SIZE - valid);
}

/* A page is filled before it becomes part of the file; only what is not written is zeroed. */
static int write_new_page(struct ramfs_node *node, struct io *io, struct span span, void **slot)
{
    char *page = ramfs_is_full() ? NULL : page_alloc();
    if (!page)
        return -ENOSPC;
    memset(page, 0, span.from);
    memset(page + span.from + span.n, 0, PAGE_SIZE - span.from - span.n);
    int error = io_take(io, page + span.from, span.n);
    if (error) {
        page_free(page);
        return error;
    }
    *slot = page;
    node->npages++;
    return 0;
}

static int write_span(struct ramfs_node *node, struct io *io, struct span span)
{
    void **slot = pagetree_slot(&node->pages, span.page);
    if (!slot)
        return -ENOSPC;
    if (!*slot)
        return write_new_page(node, io, span, slot);
    char *page = *slot;
    int error = io_take(io, page + span.from, span.n);
    if (error)
        wipe_beyond_end(node, span, page);
    return error;
}

static long write_locked(struct ramfs_node *node, struct io *io, int64_t off)
{
    long moved = 0;
    if (off >= RAMFS_MAX_SIZE && io->left > 0)
        return -EFBIG;
    while (io->left > 0 && off < RAMFS_MAX_SIZE) {
        struct span span = first_span(off, io->left);
        int error = write_span(node, io, span);
        if (error)
            return moved ? moved : error;
        moved += (long)span.n;
        off += (int64_t)span.n;
        node->size = MAX(node->size, off);
    }
    return moved;
}

static long ramfs_write(struct vnode *vnode, struct io *io, int64_t *off, unsigned file_flags)
{
    struct ramfs_node *node = ramfs_node(vnode);
    mutex_lock(&node->data_lock);
    if (file_flags & O_APPEND)
        *off = node->size;
    long moved = write_locked(node, io, *off);
    if (moved > 0)
        node->mtime_ns = node->ctime_ns = ramfs_now_ns();
    mutex_unlock(&node->data_lock);
    return moved;
}

static int ramfs_truncate(struct vnode *vnode, int64_t size)
{
    struct ramfs_node *node = ramfs_node(vnode);
    if (size > RAMFS_MAX_SIZE)
        return -EFBIG;
    mutex_lock(&node->data_lock);
    if (size < node->size) {
        struct span end = first_span(size, PAGE_SIZE);
        node->npages -= pagetree_trim(&node->pages, PAGE_UP((size_t)size) / PAGE_SIZE);
        char *page = end.from > 0 ? pagetree_find(&node->pages, end.page) : NULL;
        if (page)
            memset(page + end.from, 0, PAGE_SIZE - end.from);
    }
    node->size = size;
    node->mtime_ns = node->ctime_ns = ramfs_now_ns();
    mutex_unlock(&node->data_lock);
    return 0;
}

const struct vnode_ops ramfs_file_ops = {
    .read = ramfs_read,
    .write = ramfs_write,
    .truncate = ramfs_truncate,
    .getattr = ramfs_getattr,
    .release = ramfs_release,
};
