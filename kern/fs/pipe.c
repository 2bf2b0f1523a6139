/* Pipes: a ring of one page between a file to write and a file to read.
 *
 *      ring   [ . . . a b c d e . . . . ]
 *                     ^         ^
 *                     tail      head        run freely; modulo the size they are places
 *
 * Up to PIPE_BUF bytes are written in one piece: they are never mixed with those of other writers.
 * One vnode serves both ends; its count of open ends of either kind says when to report end of file or
 * a broken pipe.
 */
#include "kern/alloc/kmalloc.h"
#include "kern/fs/file.h"
#include "kern/mem/pages.h"
#include "kern/sys/errno.h"

#define PIPE_SIZE PAGE_SIZE
#define PIPE_BUF  PIPE_SIZE

struct pipe {
    struct vnode vnode;
    struct mutex lock; /* guards everything below; user memory is copied under it */
    struct waitq readable, writable;
    bool has_reader,
        has_writer; /* each end is one struct file, whatever many descriptors name it */
    size_t head, tail;
    char *ring;
};

void (*pipe_on_broken)(void);

static struct pipe *pipe_of(struct vnode *vnode)
{
    return container_of(vnode, struct pipe, vnode);
}

/* --- the ring; lock held --- */

static size_t used(const struct pipe *pipe)
{
    return pipe->head - pipe->tail;
}

static size_t room(const struct pipe *pipe)
{
    return PIPE_SIZE - used(pipe);
}

/* How many of n bytes starting at `at` come before the end of the ring. */
static size_t straight(size_t at, size_t n)
{
    return MIN(n, PIPE_SIZE - at % PIPE_SIZE);
}

/* The indices move only when all went well: after a bad address the pipe is as it was. */
static inline __attribute__((always_inline)) int copy_out(struct pipe *pipe, struct io *io,
                                                          size_t n)
{
    size_t first = straight(pipe->tail, n);
    int error = io_put(io, pipe->ring + pipe->tail % PIPE_SIZE, first);
    if (!error && first < n)
        error = io_put(io, pipe->ring, n - first);
    if (!error)
        pipe->tail += n;
    return error;
}

static inline __attribute__((always_inline)) int copy_in(struct pipe *pipe, struct io *io, size_t n)
{
    size_t first = straight(pipe->head, n);
    int error = io_take(io, pipe->ring + pipe->head % PIPE_SIZE, first);
    if (!error && first < n)
        error = io_take(io, pipe->ring, n - first);
    if (!error)
        pipe->head += n;
    return error;
}

/* --- read --- */

/* Waits until there is something to read, or nobody left to write it. Lock held. */
static __attribute__((noinline)) int wait_readable(struct pipe *pipe, unsigned file_flags)
{
    while (used(pipe) == 0 && pipe->has_writer) {
        if (file_flags & O_NONBLOCK)
            return -EAGAIN;
        int error = waitq_wait(&pipe->readable, &pipe->lock);
        if (error)
            return error;
    }
    return 0;
}

static long read_locked(struct pipe *pipe, struct io *io, unsigned file_flags)
{
    if (used(pipe) == 0) {
        int error = wait_readable(pipe, file_flags);
        if (error)
            return error;
    }
    size_t n = MIN(io->left, used(pipe));
    int error = copy_out(pipe, io, n);
    return error ? error : (long)n;
}

static long pipe_read(struct vnode *vnode, struct io *io, int64_t off, unsigned file_flags)
{
    struct pipe *pipe = pipe_of(vnode);
    (void)off;
    if (io->left == 0)
        return 0;
    mutex_lock(&pipe->lock);
    long result = read_locked(pipe, io, file_flags);
    mutex_unlock(&pipe->lock);
    waitq_wake_all(&pipe->writable);
    return result;
}

/* --- write --- */

static int wait_writable(struct pipe *pipe, size_t needed, unsigned file_flags)
{
    while (pipe->has_reader && room(pipe) < needed) {
        if (file_flags & O_NONBLOCK)
            return -EAGAIN;
        waitq_wake_all(&pipe->readable); /* what was written so far */
        int error = waitq_wait(&pipe->writable, &pipe->lock);
        if (error)
            return error;
    }
    return pipe->has_reader ? 0 : -EPIPE;
}

/* A write that does not fit, or that nobody will read. Lock held; not inlined, to keep the common case
 * short. */
static __attribute__((noinline)) long write_in_steps(struct pipe *pipe, struct io *io,
                                                     unsigned file_flags)
{
    long moved = 0;
    size_t needed = io->left <= PIPE_BUF ? io->left : 1;
    while (io->left > 0) {
        int error = wait_writable(pipe, needed, file_flags);
        size_t n = MIN(io->left, room(pipe));
        if (!error)
            error = copy_in(pipe, io, n);
        if (error == -EPIPE && pipe_on_broken)
            pipe_on_broken();
        if (error)
            return moved ? moved : error;
        moved += (long)n;
    }
    return moved;
}

static long write_locked(struct pipe *pipe, struct io *io, unsigned file_flags)
{
    size_t n = io->left;
    if (!pipe->has_reader || n > room(pipe))
        return write_in_steps(pipe, io, file_flags);
    int error = copy_in(pipe, io, n);
    return error ? error : (long)n;
}

static long pipe_write(struct vnode *vnode, struct io *io, int64_t *off, unsigned file_flags)
{
    struct pipe *pipe = pipe_of(vnode);
    (void)off;
    mutex_lock(&pipe->lock);
    long result = write_locked(pipe, io, file_flags);
    mutex_unlock(&pipe->lock);
    waitq_wake_all(&pipe->readable);
    return result;
}

/* --- the rest --- */

static short ready_to_read(const struct pipe *pipe)
{
    return (used(pipe) > 0 ? POLLIN : 0) | (pipe->has_writer ? 0 : POLLHUP);
}

/* A write of up to PIPE_BUF is all or nothing: with less room it would wait. */
static short ready_to_write(const struct pipe *pipe)
{
    return (room(pipe) >= PIPE_BUF ? POLLOUT : 0) | (pipe->has_reader ? 0 : POLLERR);
}

static short pipe_poll(struct vnode *vnode, unsigned file_flags, struct poll_table *table)
{
    struct pipe *pipe = pipe_of(vnode);
    bool reads = flags_may_read(file_flags);
    mutex_lock(&pipe->lock);
    poll_register(table, reads ? &pipe->readable : &pipe->writable);
    short events = reads ? ready_to_read(pipe) : ready_to_write(pipe);
    mutex_unlock(&pipe->lock);
    return events;
}

static int pipe_getattr(struct vnode *vnode, struct stat *st)
{
    (void)vnode;
    st->st_mode |= 0600;
    return 0;
}

static void pipe_free(struct pipe *pipe)
{
    page_free(pipe->ring);
    kfree(pipe);
}

static void pipe_release(struct vnode *vnode)
{
    pipe_free(pipe_of(vnode));
}

static const struct vnode_ops pipe_ops = {
    .read = pipe_read,
    .write = pipe_write,
    .poll = pipe_poll,
    .stream = true,
    .getattr = pipe_getattr,
    .release = pipe_release,
};

/* The release of either end. Whoever waits for the other one finds out. */
static void end_closed(struct file *file)
{
    struct pipe *pipe = pipe_of(file->vnode);
    bool reads = flags_may_read(file->flags);
    mutex_lock(&pipe->lock);
    if (reads)
        pipe->has_reader = false;
    else
        pipe->has_writer = false;
    mutex_unlock(&pipe->lock);
    waitq_wake_all(reads ? &pipe->writable : &pipe->readable);
    file_free(file);
}

static struct pipe *pipe_alloc(void)
{
    static uint64_t last_ino;
    struct pipe *pipe = kzalloc(sizeof(*pipe));
    if (!pipe)
        return NULL;
    pipe->ring = page_alloc();
    if (!pipe->ring) {
        kfree(pipe);
        return NULL;
    }
    uint64_t ino = __atomic_add_fetch(&last_ino, 1, __ATOMIC_RELAXED);
    vnode_init(&pipe->vnode, &pipe_ops, S_IFIFO, ino, NULL);
    pipe->has_reader = pipe->has_writer = true;
    waitq_init(&pipe->readable);
    waitq_init(&pipe->writable);
    return pipe;
}

int pipe_create(struct file **reader, struct file **writer, unsigned flags)
{
    struct pipe *pipe = pipe_alloc();
    if (!pipe)
        return -ENOMEM;
    *reader = file_create(&pipe->vnode, O_RDONLY | flags);
    *writer = *reader ? file_create(&pipe->vnode, O_WRONLY | flags) : NULL;
    if (!*writer) {
        if (*reader)
            file_free(*reader); /* and the pipe with it */
        else
            pipe_free(pipe);
        return -ENOMEM;
    }
    vnode_ref(&pipe->vnode); /* one for each end */
    (*reader)->release = (*writer)->release = end_closed;
    return 0;
}
