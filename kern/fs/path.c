/* Walking along a path. Every step holds a reference to the directory it stands in, so that nothing
 * the walk looks at can be freed, whatever others do to the tree meanwhile. */
#include "kern/core/string.h"
#include "kern/fs/vfs.h"
#include "kern/sched/mutex.h"
#include "kern/sys/errno.h"

static int step_up(struct vnode *dir, struct vnode **found)
{
    dir = vfs_cross_up(vnode_ref(dir));
    int error = dir->ops->parent(dir, found);
    vnode_unref(dir);
    return error;
}

int vfs_step(struct vnode **at, const char *name)
{
    struct vnode *dir = *at;
    struct vnode *found = NULL;
    int error;
    if (!vnode_is_dir(dir))
        error = -ENOTDIR;
    else if (strcmp(name, ".") == 0)
        return 0;
    else if (strcmp(name, "..") == 0)
        error = step_up(dir, &found);
    else
        error = dir->ops->lookup(dir, name, &found);
    vnode_unref(dir);
    if (!error)
        *at = vfs_cross_down(found);
    return error;
}

static const char *skip_slashes(const char *path)
{
    while (*path == '/')
        path++;
    return path;
}

/* Copies the component at *path and moves on to the next one, or to the end. */
static int take_component(const char **path, struct vfs_last *component)
{
    const char *p = *path;
    size_t len = 0;
    while (*p && *p != '/') {
        if (len == NAME_MAX)
            return -ENAMETOOLONG;
        component->name[len++] = *p++;
    }
    component->name[len] = '\0';
    component->slash = *p == '/';
    *path = skip_slashes(p);
    return 0;
}

int vfs_lookup_parent(struct vnode *start, const char *path, struct vnode **dir,
                      struct vfs_last *last)
{
    if (!*path)
        return -ENOENT;
    struct vnode *at = *path == '/' || !start ? vfs_root() : vnode_ref(start);
    if (!at)
        return -ENOENT; /* an image without a root */
    path = skip_slashes(path);
    int error = take_component(&path, last);
    while (!error && *path) {
        error = vfs_step(&at, last->name);
        if (error)
            return error;
        error = take_component(&path, last);
    }
    if (!error && !vnode_is_dir(at))
        error = -ENOTDIR;
    if (error)
        vnode_unref(at);
    else
        *dir = at;
    return error;
}

int vfs_lookup(struct vnode *start, const char *path, struct vnode **found)
{
    struct vfs_last last;
    struct vnode *at;
    int error = vfs_lookup_parent(start, path, &at, &last);
    if (error)
        return error;
    if (last.name[0])
        error = vfs_step(&at, last.name);
    if (error)
        return error;
    if (last.slash && !vnode_is_dir(at)) {
        vnode_unref(at);
        return -ENOTDIR;
    }
    *found = at;
    return 0;
}

bool vfs_last_is_special(const struct vfs_last *last)
{
    const char *name = last->name;
    return !name[0] || strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}
