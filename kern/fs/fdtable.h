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

/* The same without a reference, for the length of a system call that closes nothing: NULL also unless
 * only one thread uses the table, for then nobody can close the file meanwhile. */
static inline struct file *fdtable_peek(struct fdtable *table, int fd)
{
    return likely(table->single && (unsigned)fd < OPEN_MAX) ? table->files[fd] : NULL;
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

/* struct fs_context *fs_context(void): that of whoever calls. See kern/proc/shape and kern/libos/shape. */
#include <fs_context_shape.h>

/* The cwd, a new reference. */
struct vnode *fs_context_cwd(void);
/* Takes over the reference. */
void fs_context_chdir(struct vnode *dir);
