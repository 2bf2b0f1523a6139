/* The path of a directory, found by going up: each parent is asked under which name it knows the child.
 *
 * The path is written from the end of the buffer towards its start:
 *
 *      [ . . . . . . . . . / u s r / b i n \0 ]
 *                          ^ at
 */
#include "kern/core/string.h"
#include "kern/fs/vfs.h"
#include "kern/sched/mutex.h"
#include "kern/sys/errno.h"

struct search {
    uint64_t ino; /* of the child */
    char *buffer;
    size_t at; /* the path found so far starts here */
    int result;
};

static int prepend(struct search *search, const char *name, size_t len)
{
    if (len + 1 > search->at)
        return -ERANGE;
    search->at -= len;
    memcpy(search->buffer + search->at, name, len);
    search->buffer[--search->at] = '/';
    return 0;
}

static bool is_child(void *arg, const char *name, size_t len, uint64_t ino, uint8_t type,
                     int64_t next_off)
{
    struct search *search = arg;
    (void)next_off;
    bool dots = name[0] == '.' && (len == 1 || (len == 2 && name[1] == '.'));
    if (ino != search->ino || type != DT_DIR || dots)
        return true;
    search->result = prepend(search, name, len);
    return false;
}

/* Prepends the name of *dir and replaces it by its parent; false at the top. */
static bool climb(struct vnode **dir, struct search *search)
{
    struct vnode *child = vfs_cross_up(*dir);
    struct vnode *parent;
    *dir = child;
    search->result = child->ops->parent(child, &parent);
    if (search->result)
        return false;
    *dir = parent;
    vnode_unref(child);
    if (parent == child)
        return false;
    search->ino = child->ino;
    search->result = -ENOENT; /* unless is_child sees it */
    int error = parent->ops->readdir(parent, 0, is_child, search);
    if (error)
        search->result = error;
    return search->result == 0;
}

long vfs_path_of(struct vnode *dir, char *buffer, size_t size)
{
    struct search search = {.buffer = buffer, .at = size};
    if (size < 2)
        return -ERANGE;
    buffer[--search.at] = '\0';
    vnode_ref(dir);
    mutex_lock(&vfs_tree_lock); /* nobody moves directories while we climb */
    while (climb(&dir, &search))
        ;
    mutex_unlock(&vfs_tree_lock);
    vnode_unref(dir);
    if (search.result == 0 && search.at == size - 1)
        search.result = prepend(&search, "", 0); /* the root itself */
    if (search.result)
        return search.result;
    memmove(buffer, buffer + search.at, size - search.at);
    return (long)(size - search.at);
}
