/* Mounts: which file system begins at which directory.
 *
 *         "/"  ----mounted--->  root of cpiofs
 *        (none)                   |        \
 *                               "tmp"      "dev"
 *                   vnode->mounted|           |
 *                                 v           v
 *                        mount of ramfs    mount of devfs
 *                          ->root            ->root
 *                          ->covered = "tmp" of cpiofs
 *
 * A path that arrives at a covered directory goes on at the root of the mount (down); ".." at the
 * root of a mount goes on at the covered directory (up).
 */
#include "kern/alloc/kmalloc.h"
#include "kern/core/boot.h"
#include "kern/core/init.h"
#include "kern/core/panic.h"
#include "kern/core/printk.h"
#include "kern/core/string.h"
#include "kern/fs/vfs.h"
#include "kern/sched/mutex.h"
#include "kern/sys/errno.h"

/* Kinds that may be mounted by name. */
static const struct fs_type *const types[] = {&ramfs_type, &devfs_type};

struct mutex vfs_tree_lock;
static uint64_t next_dev = 1;    /* guarded by vfs_tree_lock */
static struct mount *root_mount; /* set once, at start-up */

static const struct fs_type *find_type(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(types); i++)
        if (strcmp(types[i]->name, name) == 0)
            return types[i];
    return NULL;
}

static int make_mount(const struct fs_type *type, const void *source, size_t source_size,
                      struct mount **made)
{
    struct mount *mount = kmalloc(sizeof(*mount));
    if (!mount)
        return -ENOMEM;
    *mount =
        (struct mount){.type = type, .source = source, .source_size = source_size, .dev = next_dev};
    int error = type->mount(mount);
    if (error) {
        kfree(mount);
        return error;
    }
    next_dev++;
    *made = mount;
    return 0;
}

/* vfs_tree_lock held. */
static int mount_on(const struct fs_type *type, struct vnode *on, const void *source,
                    size_t source_size)
{
    struct mount *mount;
    struct stat st;
    int error = vfs_stat(on, &st);
    if (error)
        return error;
    if (on->mounted || (on->fs && on->fs->root == on))
        return -EBUSY;
    if (st.st_nlink == 0)
        return -ENOENT; /* removed meanwhile: no path would lead to the mount */
    error = make_mount(type, source, source_size, &mount);
    if (error)
        return error;
    mount->covered = vnode_ref(on);
    __atomic_store_n(&on->mounted, mount, __ATOMIC_RELEASE);
    return 0;
}

int vfs_mount(const char *fstype, struct vnode *on, const void *source, size_t source_size)
{
    const struct fs_type *type = find_type(fstype);
    if (!type)
        return -ENODEV;
    if (!vnode_is_dir(on))
        return -ENOTDIR;
    mutex_lock(&vfs_tree_lock);
    int error = mount_on(type, on, source, source_size);
    mutex_unlock(&vfs_tree_lock);
    return error;
}

int vfs_unmount(struct vnode *mounted_root)
{
    struct mount *mount = mounted_root->fs;
    bool is_root = mount && mount->root == mounted_root;
    mutex_lock(&vfs_tree_lock);
    vnode_unref(
        mounted_root); /* is_root: the mount holds one more, and stays while we have the lock */
    int error = is_root ? -EBUSY : -EINVAL;
    if (is_root && mount->covered && mount->type->unmount)
        error = mount->type->unmount(mount);
    if (!error)
        __atomic_store_n(&mount->covered->mounted, NULL, __ATOMIC_RELEASE);
    mutex_unlock(&vfs_tree_lock);
    if (!error) {
        vnode_unref(mount->covered);
        kfree(mount);
    }
    return error;
}

struct vnode *vfs_cross_up(struct vnode *dir)
{
    while (dir->fs && dir == dir->fs->root && dir->fs->covered) {
        struct vnode *covered = vnode_ref(dir->fs->covered);
        vnode_unref(dir);
        dir = covered;
    }
    return dir;
}

struct vnode *vfs_cross_down(struct vnode *vnode)
{
    while (__atomic_load_n(&vnode->mounted, __ATOMIC_ACQUIRE)) {
        mutex_lock(&vfs_tree_lock); /* under it, the mount we find does not go away */
        struct vnode *root = vnode->mounted ? vnode_ref(vnode->mounted->root) : NULL;
        mutex_unlock(&vfs_tree_lock);
        if (!root)
            break;
        vnode_unref(vnode);
        vnode = root;
    }
    return vnode;
}

/* Mounts where the root file system has a directory for it; makes one if it can. */
static void mount_standard(const char *path, const char *fstype)
{
    struct vnode *on;
    vfs_mkdir(NULL, path, 0755); /* that it exists already is the normal case */
    int error = vfs_lookup(NULL, path, &on);
    if (!error) {
        error = vfs_mount(fstype, on, NULL, 0);
        vnode_unref(on);
    }
    if (error == -ENOMEM)
        boot_out_of_memory(path);
    if (error)
        printk("%s: cannot mount %s: error %d\n", path, fstype, -error);
}

static void vfs_init(void)
{
    if (!root_fs_type)
        return;
    int error = make_mount(root_fs_type, NULL, 0, &root_mount);
    if (error == -ENODEV)
        panic("no root file system: start the machine with -initrd root.cpio");
    if (error == -ENOMEM)
        boot_out_of_memory("the root file system");
    if (error)
        panic(
            "the root file system is not a sound %s archive (error %d): it is something else or cut "
            "short, give -initrd a whole one",
            root_fs_type->name, -error);
    mount_standard("/dev", "devfs");
    mount_standard("/tmp", "ramfs");
}

INIT_ENTRY(INIT_FILES, vfs_init);

struct vnode *vfs_root(void)
{
    INIT_NEEDS(vfs_init);
    return root_mount ? vnode_ref(root_mount->root) : NULL;
}
