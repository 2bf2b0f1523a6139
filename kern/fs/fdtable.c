/* Descriptor tables. A lookup takes a reference to the open file, so that a close by another thread
 * does not end the file under whoever is using it. References are given up outside the lock: the last
 * one may sleep. */
#include "kern/fs/fdtable.h"
#include "kern/alloc/kmalloc.h"
#include "kern/fs/vfs.h"
#include "kern/sys/errno.h"

_Static_assert(OPEN_MAX <= 64, "close_on_exec has a bit for each descriptor");

struct fdtable *fdtable_create(void)
{
    struct fdtable *table = kzalloc(sizeof(*table));
    if (table) {
        table->refs = 1;
        table->single = true;
    }
    return table;
}

struct fdtable *fdtable_copy(struct fdtable *table)
{
    struct fdtable *copy = fdtable_create();
    if (!copy)
        return NULL;
    spin_lock(&table->lock);
    for (int fd = 0; fd < OPEN_MAX; fd++)
        if (table->files[fd])
            copy->files[fd] = file_ref(table->files[fd]);
    copy->close_on_exec = table->close_on_exec;
    spin_unlock(&table->lock);
    return copy;
}

void fdtable_unref(struct fdtable *table)
{
    if (!table || __atomic_sub_fetch(&table->refs, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    for (int fd = 0; fd < OPEN_MAX; fd++)
        if (table->files[fd])
            file_unref(table->files[fd]);
    kfree(table);
}

/* What `fd` named; afterwards it names `file`. Lock held, fd is valid. */
static struct file *replace(struct fdtable *table, int fd, struct file *file, bool close_on_exec)
{
    struct file *before = table->files[fd];
    table->files[fd] = file;
    table->close_on_exec &= ~(1UL << fd);
    table->close_on_exec |= (uint64_t)close_on_exec << fd;
    return before;
}

static bool is_valid(int fd)
{
    return (unsigned)fd < OPEN_MAX;
}

void fdtable_exec(struct fdtable *table)
{
    for (int fd = 0; fd < OPEN_MAX && table->close_on_exec != 0; fd++)
        if (fdtable_close_on_exec(table, fd) > 0)
            fdtable_close(table, fd);
}

int fdtable_add(struct fdtable *table, struct file *file, int from, bool close_on_exec)
{
    int fd = from;
    spin_lock(&table->lock);
    while (fd < OPEN_MAX && table->files[fd])
        fd++;
    if (fd < OPEN_MAX)
        replace(table, fd, file, close_on_exec);
    spin_unlock(&table->lock);
    return fd < OPEN_MAX ? fd : -EMFILE;
}

struct file *fdtable_get(struct fdtable *table, int fd)
{
    if (!is_valid(fd))
        return NULL;
    spin_lock(&table->lock);
    struct file *file = table->files[fd];
    if (file)
        file_ref(file);
    spin_unlock(&table->lock);
    return file;
}

int fdtable_close(struct fdtable *table, int fd)
{
    if (!is_valid(fd))
        return -EBADF;
    spin_lock(&table->lock);
    struct file *file = replace(table, fd, NULL, false);
    spin_unlock(&table->lock);
    if (!file)
        return -EBADF;
    file_unref(file);
    return 0;
}

int fdtable_set(struct fdtable *table, int fd, struct file *file, bool close_on_exec)
{
    if (!is_valid(fd))
        return -EBADF;
    spin_lock(&table->lock);
    struct file *before = replace(table, fd, file, close_on_exec);
    spin_unlock(&table->lock);
    if (before)
        file_unref(before);
    return 0;
}

int fdtable_close_on_exec(struct fdtable *table, int fd)
{
    if (!is_valid(fd) || !__atomic_load_n(&table->files[fd], __ATOMIC_RELAXED))
        return -EBADF;
    return __atomic_load_n(&table->close_on_exec, __ATOMIC_RELAXED) >> fd & 1;
}

int fdtable_set_close_on_exec(struct fdtable *table, int fd, bool on)
{
    if (!is_valid(fd))
        return -EBADF;
    spin_lock(&table->lock);
    struct file *file = table->files[fd];
    if (file)
        replace(table, fd, file, on);
    spin_unlock(&table->lock);
    return file ? 0 : -EBADF;
}
