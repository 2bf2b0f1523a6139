/* Waiting on several files.
 *
 * Each round stands on the queues of all files, asks each whether it is ready, and if none is, sleeps.
 * A change after the question finds us on the queue, so none is missed. The files are held for the
 * whole time: a close by another thread must not free a queue we stand on.
 */
#include "kern/alloc/kmalloc.h"
#include "kern/core/init.h"
#include "kern/fs/fdtable.h"
#include "kern/sys/errno.h"

/* The queues of one file. */
struct poll_table {
    struct file *file;
    unsigned nwaiters;
    struct waiter waiters[POLL_QUEUES];
};

void poll_register(struct poll_table *table, struct waitq *queue)
{
    if (table)
        waitq_enter(queue, &table->waiters[table->nwaiters++]);
}

/* What of the events asked for, and of those nobody needs to ask for, is true. */
static short ask(const struct pollfd *fd, struct poll_table *table)
{
    short always = POLLERR | POLLHUP;
    if (fd->fd < 0)
        return 0;
    if (!table->file)
        return POLLNVAL;
    const struct vnode_ops *ops = table->file->vnode->ops;
    short events = POLLIN | POLLOUT;
    if (ops->poll)
        events = ops->poll(table->file->vnode, table->file->flags, table);
    return events & (fd->events | always);
}

static long ask_all(struct pollfd *fds, struct poll_table *tables, unsigned n)
{
    long ready = 0;
    for (unsigned i = 0; i < n; i++) {
        fds[i].revents = ask(&fds[i], &tables[i]);
        ready += fds[i].revents != 0;
    }
    return ready;
}

static void leave_all(struct poll_table *tables, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        while (tables[i].nwaiters > 0)
            waitq_leave(&tables[i].waiters[--tables[i].nwaiters]);
}

static long wait_until_ready(struct pollfd *fds, struct poll_table *tables, unsigned n,
                             uint64_t deadline_ns)
{
    for (int error = 0;;) {
        long ready = ask_all(fds, tables, n);
        bool done =
            ready > 0 || error; /* after a sleep that failed, everybody is asked once more */
        if (!done)
            error = thread_park_until(true, deadline_ns);
        leave_all(tables, n);
        if (done)
            return ready == 0 && error == -EINTR ? -EINTR : ready;
    }
}

long poll_files(struct pollfd *fds, unsigned n, uint64_t deadline_ns)
{
    INIT_NEEDS(tty_input_init); /* the console may be among them */
    struct poll_table *tables = kzalloc(MAX(n, 1u) * sizeof(*tables));
    if (!tables)
        return -ENOMEM;
    for (unsigned i = 0; i < n; i++)
        tables[i].file = fdtable_get(fs_context()->files, fds[i].fd);
    long result = wait_until_ready(fds, tables, n, deadline_ns);
    for (unsigned i = 0; i < n; i++)
        if (tables[i].file)
            file_unref(tables[i].file);
    kfree(tables);
    return result;
}
