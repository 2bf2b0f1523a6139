/* Descriptors: small numbers that name open files. */
#pragma once
#include "kern/fs/file.h"

struct fdtable {
    struct spinlock lock;
    uint32_t refs; /* processes (CLONE_FILES); atomic */
    /* Only one thread uses the table: so it is when it is made. That thread clears this before it makes
     * another one, in its process or with CLONE_FILES; nobody sets it again. */
    bool single;
    struct file *files[OPEN_MAX]; /* a reference each; guarded by lock, like the next */
    uint64_t close_on_exec;       /* bit n: descriptor n */
};

struct fdtable *fdtable_create(void);
struct fdtable *fdtable_copy(struct fdtable *table); /* a fork: same files, new table */
void fdtable_unref(struct fdtable *table);           /* the last one closes all */
void fdtable_exec(struct fdtable *table);            /* closes what is close-on-exec */

/* The lowest free descriptor >= from now names `file` (its reference is taken over): the number, or
 * -EMFILE (the reference stays with the caller). */
int fdtable_add(struct fdtable *table, struct file *file, int from, bool close_on_exec);
/* A new reference to the open file, or NULL. */
struct file *fdtable_get(struct fdtable *table, int fd);

/* The same for the length of a system call that does not close anything, cheaper: as long as only one
 * thread uses the table nobody can close the file meanwhile, and it need not be counted. */
static inline struct file *fdtable_borrow(struct fdtable *table, int fd)
{
    if (unlikely(!table->single))
        return fdtable_get(table, fd);
    return (unsigned)fd < OPEN_MAX ? table->files[fd] : NULL;
}

static inline void fdtable_return(struct fdtable *table, struct file *file)
{
    if (unlikely(!table->single))
        file_unref(file);
}

int fdtable_close(struct fdtable *table, int fd);
/* Makes `fd` name `file` (reference taken over), closing what it named. 0, or -EBADF (the reference
 * stays with the caller). */
int fdtable_set(struct fdtable *table, int fd, struct file *file, bool close_on_exec);
/* 1 or 0, or -EBADF; as of now: no lock is taken. */
int fdtable_close_on_exec(struct fdtable *table, int fd);
int fdtable_set_close_on_exec(struct fdtable *table, int fd, bool on);

/* What the running program uses; provided by kern/proc or kern/libos. */
struct fs_context {
    struct fdtable *files;
    struct vnode *cwd; /* a reference, guarded by lock; NULL: the root */
    struct spinlock lock;
    uint32_t umask;
};

struct fs_context *fs_context(void);
/* The cwd, a new reference. */
struct vnode *fs_context_cwd(void);
/* Takes over the reference. */
void fs_context_chdir(struct vnode *dir);
