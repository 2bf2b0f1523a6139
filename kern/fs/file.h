/* An open file: a vnode, an offset, flags. Shared by the descriptors that dup and fork made. */
#pragma once
#include "kern/fs/vnode.h"
#include "kern/sched/mutex.h"
#include "kern/sched/waitq.h"

struct file {
    struct vnode *vnode; /* a reference */
    uint32_t refs;       /* atomic */
    unsigned flags;      /* O_ACCMODE, O_APPEND, O_NONBLOCK, ... */
    int64_t offset;      /* guarded by lock */
    struct mutex lock;   /* held over a read or write that moves the offset; not for streams */
    /* The last reference is gone: gives up what the file holds, and the file itself. */
    void (*release)(struct file *file);
};

/* Takes over the caller's reference to `vnode`. NULL: out of memory (the reference is not taken). */
struct file *file_create(struct vnode *vnode, unsigned flags);
/* The release of a file that file_create made; a release of one's own ends with it. */
void file_free(struct file *file);

static inline struct file *file_ref(struct file *file)
{
    __atomic_fetch_add(&file->refs, 1, __ATOMIC_RELAXED);
    return file;
}

static inline void file_unref(struct file *file)
{
    if (__atomic_sub_fetch(&file->refs, 1, __ATOMIC_ACQ_REL) == 0)
        file->release(file);
}

/* O_RDONLY, O_WRONLY, O_RDWR are 0, 1, 2: one more is a bit for reading and a bit for writing. (The
 * mode 3 of Linux, "neither", comes out as neither.) */
static inline bool flags_may_read(unsigned flags)
{
    return (flags + 1) & 1;
}

static inline bool flags_may_write(unsigned flags)
{
    return ((flags & O_ACCMODE) + 1) & 2;
}

/* Bytes moved or a negative errno. `offset` NULL: the file's own, which advances. */
long file_read_at(struct file *file, struct io *io, const int64_t *offset);
long file_write_at(struct file *file, struct io *io, const int64_t *offset);

/* Only what has contents has a place in them; for pipes and devices the offset means nothing, and
 * reading and writing them takes no lock of the file. */
static inline bool file_has_offset(const struct file *file)
{
    return file->vnode->type == S_IFREG;
}

/* Most reads and writes find nothing to object to and go straight to the pipe or device. */
static inline long file_read(struct file *file, struct io *io)
{
    const struct vnode_ops *ops = file->vnode->ops;
    if (likely(flags_may_read(file->flags) && ops->read && !file_has_offset(file)))
        return ops->read(file->vnode, io, 0, file->flags);
    return file_read_at(file, io, NULL);
}

static inline long file_write(struct file *file, struct io *io)
{
    const struct vnode_ops *ops = file->vnode->ops;
    int64_t at = 0;
    if (likely(flags_may_write(file->flags) && ops->write && !file_has_offset(file)))
        return ops->write(file->vnode, io, &at, file->flags);
    return file_write_at(file, io, NULL);
}

int64_t file_seek(struct file *file, int64_t offset, int whence);
long file_ioctl(struct file *file, unsigned request, unsigned long arg);

/* Two ends of a new pipe; flags: O_NONBLOCK or 0. */
int pipe_create(struct file **reader, struct file **writer, unsigned flags);
/* Called, with locks held, when somebody writes to a pipe that nobody reads: the processes raise
 * SIGPIPE here. NULL: nobody does. */
extern void (*pipe_on_broken)(void);

/* Waiting on several files. vnode ops->poll calls poll_register for each queue (POLL_QUEUES at most)
 * that is woken when its answer may change, then looks; under the lock with which whoever wakes the
 * queue changes things, so that no change slips through between the two. */
#define POLL_QUEUES 2
struct poll_table;
void poll_register(struct poll_table *table, struct waitq *queue);

/* Waits until some descriptor is ready: fills in revents of the n <= OPEN_MAX entries; how many are
 * ready (0: the deadline passed), -EINTR or -ENOMEM. */
long poll_files(struct pollfd *fds, unsigned n, uint64_t deadline_ns);
