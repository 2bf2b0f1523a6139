/* cpiofs: a read-only tree straight from a cpio archive in memory.
 *
 * The archive ("newc" format, as `cpio -o -H newc` writes it) is a row of entries:
 *
 *      | header, 110 characters | name, NUL | pad to 4 | contents | pad to 4 | next header ...
 *
 * ended by one with the name "TRAILER!!!". All numbers in a header are 8 hexadecimal digits. When it
 * is mounted the archive is read once and a tree of nodes is made; names and contents stay where they
 * are. The tree never changes afterwards, so nothing here takes a lock.
 *
 * Nothing in the archive is trusted: what does not add up is -EINVAL. Symbolic links and devices are
 * left out, since there are none of them in this kernel.
 */
#include "kern/alloc/kmalloc.h"
#include "kern/core/string.h"
#include "kern/dev/machine.h"
#include "kern/fs/vfs.h"
#include "kern/sys/errno.h"

#define TRAILER       "TRAILER!!!"
#define ALIGN_CPIO(x) ALIGN_UP(x, 4UL)

struct cpio_header {
    char magic[6]; /* "070701", or "070702" with a checksum, which we leave unread */
    char ino[8], mode[8], uid[8], gid[8], nlink[8], mtime[8], filesize[8];
    char devmajor[8], devminor[8], rdevmajor[8], rdevminor[8];
    char namesize[8]; /* NUL included */
    char check[8];
};
_Static_assert(sizeof(struct cpio_header) == 110, "as the format has it");

struct cpio_node {
    struct vnode vnode;
    const char *name; /* in the archive; not NUL-terminated */
    size_t name_len;
    struct cpio_node *parent;                /* the root's is itself */
    struct cpio_node *sibling;               /* next in the same directory */
    struct cpio_node *children, *last_child; /* of a directory */
    uint32_t mode, nlink, mtime;
    const char *contents; /* of a file */
    size_t size;
    uint32_t link_id;            /* hard links to the same file have equal ones */
    struct cpio_node *next_link; /* next file with hard links, whichever */
};

/* A part of an archive that is being read. */
struct archive {
    const char *bytes;
    size_t size;
    size_t at;
};

/* An entry as found in the archive. */
struct entry {
    const char *name;
    size_t name_len;
    uint32_t ino, mode, nlink, mtime;
    const char *contents;
    size_t size;
};

static const struct vnode_ops dir_ops, file_ops;

static struct cpio_node *cpio_node(struct vnode *vnode)
{
    return container_of(vnode, struct cpio_node, vnode);
}

/* --- reading the archive --- */

static bool parse_hex(const char digits[8], uint32_t *value)
{
    uint32_t number = 0;
    for (int i = 0; i < 8; i++) {
        unsigned digit = (unsigned)digits[i] - '0';
        if (digit > 9) {
            digit = ((unsigned)digits[i] | 0x20) - 'a';
            if (digit > 5)
                return false;
            digit += 10;
        }
        number = number << 4 | digit;
    }
    *value = number;
    return true;
}

/* The next n bytes, and the padding after them skipped; NULL: the archive ends before. */
static const char *take(struct archive *archive, size_t n)
{
    if (n > archive->size - archive->at)
        return NULL;
    const char *taken = archive->bytes + archive->at;
    archive->at = MIN(ALIGN_CPIO(archive->at + n), archive->size);
    return taken;
}

static bool parse_header(const struct cpio_header *header, struct entry *entry, uint32_t *name_size,
                         uint32_t *size)
{
    return memcmp(header->magic, "07070", 5) == 0 &&
           (header->magic[5] == '1' || header->magic[5] == '2') &&
           parse_hex(header->ino, &entry->ino) && parse_hex(header->mode, &entry->mode) &&
           parse_hex(header->nlink, &entry->nlink) && parse_hex(header->mtime, &entry->mtime) &&
           parse_hex(header->namesize, name_size) && parse_hex(header->filesize, size);
}

static int next_entry(struct archive *archive, struct entry *entry)
{
    uint32_t name_size, size;
    if (archive->size - archive->at < sizeof(struct cpio_header))
        return -EINVAL;
    if (!parse_header((const void *)(archive->bytes + archive->at), entry, &name_size, &size))
        return -EINVAL;
    archive->at += sizeof(struct cpio_header); /* the name follows without padding */
    entry->name = take(archive, name_size);
    entry->contents = take(archive, size);
    if (!entry->name || !entry->contents || name_size == 0)
        return -EINVAL;
    entry->name_len = name_size - 1;
    entry->size = size;
    return strnlen(entry->name, name_size) == entry->name_len ? 0 : -EINVAL;
}

/* --- building the tree --- */

static struct cpio_node *find_child(const struct cpio_node *dir, const char *name, size_t len)
{
    struct cpio_node *node = dir->children;
    while (node && !(node->name_len == len && memcmp(node->name, name, len) == 0))
        node = node->sibling;
    return node;
}

/* A directory with the usual permissions, until its own entry says more. */
static struct cpio_node *node_create(struct mount *mount, const char *name, size_t len)
{
    struct cpio_node *node = kzalloc(sizeof(*node));
    if (!node)
        return NULL;
    uint64_t *nodes = (uint64_t *)&mount->private; /* how many there are: the last inode number */
    vnode_init(&node->vnode, &dir_ops, S_IFDIR, ++*nodes, mount);
    node->name = name;
    node->name_len = len;
    node->mode = 0755;
    node->nlink = 2;
    return node;
}

static void append_child(struct cpio_node *dir, struct cpio_node *node)
{
    node->parent = dir;
    if (dir->last_child)
        dir->last_child->sibling = node;
    else
        dir->children = node;
    dir->last_child = node;
}

static int find_or_add(struct cpio_node *dir, const char *name, size_t len,
                       struct cpio_node **found)
{
    if (!vnode_is_dir(&dir->vnode) || len > NAME_MAX)
        return -EINVAL;
    *found = find_child(dir, name, len);
    if (*found)
        return 0;
    *found = node_create(dir->vnode.fs, name, len);
    if (!*found)
        return -ENOMEM;
    append_child(dir, *found);
    return 0;
}

/* The node with this path, made together with the directories on the way if it is not there. */
static int make_path(struct cpio_node *root, const char *path, size_t path_len,
                     struct cpio_node **made)
{
    const char *end = path + path_len;
    struct cpio_node *at = root;
    while (path < end) {
        size_t len = 0;
        while (path + len < end && path[len] != '/')
            len++;
        if (len == 2 && path[0] == '.' && path[1] == '.')
            return -EINVAL;
        bool nothing = len == 0 || (len == 1 && path[0] == '.');
        int error = nothing ? 0 : find_or_add(at, path, len, &at);
        if (error)
            return error;
        path += MIN(len + 1, (size_t)(end - path));
    }
    *made = at;
    return 0;
}

/* Of several hard links only the last one in the archive brings the contents; the others have size 0.
 * `links` is the list of all files with hard links so far. */
static void share_contents(struct cpio_node **links, struct cpio_node *last)
{
    bool listed = false;
    for (struct cpio_node *node = *links; node; node = node->next_link) {
        listed |= node == last;
        if (node->link_id == last->link_id && last->size > 0) {
            node->contents = last->contents;
            node->size = last->size;
            node->vnode.ino = last->vnode.ino;
        }
    }
    if (!listed) {
        last->next_link = *links;
        *links = last;
    }
}

static int fill_file(struct cpio_node *node, const struct entry *entry, struct cpio_node **links)
{
    if (node->children || node->parent == node)
        return -EINVAL; /* other entries take it for a directory */
    node->vnode.ops = &file_ops;
    node->vnode.type = S_IFREG;
    node->nlink = entry->nlink;
    node->contents = entry->contents;
    node->size = entry->size;
    node->link_id = entry->ino;
    if (entry->nlink > 1)
        share_contents(links, node);
    return 0;
}

static int add_entry(struct cpio_node *root, const struct entry *entry, struct cpio_node **links)
{
    uint32_t type = entry->mode & S_IFMT;
    struct cpio_node *node;
    if (type != S_IFDIR && type != S_IFREG)
        return 0;
    int error = make_path(root, entry->name, entry->name_len, &node);
    if (error)
        return error;
    if (type == S_IFDIR && !vnode_is_dir(&node->vnode))
        return -EINVAL;
    node->mode = entry->mode & 07777;
    node->mtime = entry->mtime;
    return type == S_IFREG ? fill_file(node, entry, links) : 0;
}

static bool is_trailer(const struct entry *entry)
{
    return entry->name_len == sizeof(TRAILER) - 1 &&
           memcmp(entry->name, TRAILER, sizeof(TRAILER) - 1) == 0;
}

static int build(struct cpio_node *root, struct archive *archive)
{
    struct cpio_node *links = NULL;
    struct entry entry;
    for (;;) {
        int error = next_entry(archive, &entry);
        if (error)
            return error;
        if (is_trailer(&entry))
            return 0;
        error = add_entry(root, &entry, &links);
        if (error)
            return error;
    }
}

/* What other file systems are mounted on has to be there, even if the archive forgot it. */
static int add_mount_points(struct cpio_node *root)
{
    struct cpio_node *node;
    int error = make_path(root, "dev", 3, &node);
    return error ? error : make_path(root, "tmp", 3, &node);
}

/* Frees everything below and with root: always the first child of a directory without any left. */
static void free_tree(struct cpio_node *root)
{
    struct cpio_node *node = root;
    while (node) {
        if (node->children) {
            struct cpio_node *child = node->children;
            node->children = child->sibling;
            node = child;
            continue;
        }
        struct cpio_node *parent = node == root ? NULL : node->parent;
        kfree(node);
        node = parent;
    }
}

/* --- mounting --- */

/* The archive that was linked into the image; empty in images without one. */
extern const char embedded_root[], embedded_root_end[];

/* One handed over by the boot loader comes before the one in the image. */
static struct archive choose_archive(const struct mount *mount)
{
    if (mount->source)
        return (struct archive){.bytes = mount->source, .size = mount->source_size};
    if (machine.initrd.size > 0)
        return (struct archive){.bytes = (const char *)machine.initrd.start,
                                .size = machine.initrd.size};
    return (struct archive){.bytes = embedded_root,
                            .size = (size_t)(embedded_root_end - embedded_root)};
}

static int cpiofs_mount(struct mount *mount)
{
    struct archive archive = choose_archive(mount);
    if (archive.size == 0)
        return -ENODEV;
    struct cpio_node *root = node_create(mount, "", 0);
    if (!root)
        return -ENOMEM;
    root->parent = root;
    int error = build(root, &archive);
    if (!error)
        error = add_mount_points(root);
    if (error)
        free_tree(root);
    else
        mount->root = &root->vnode;
    return error;
}

const struct fs_type cpiofs_type = {
    .name = "cpiofs",
    .read_only = true,
    .mount = cpiofs_mount,
};

/* --- operations --- */

static int lookup(struct vnode *dir, const char *name, struct vnode **found)
{
    struct cpio_node *node = find_child(cpio_node(dir), name, strlen(name));
    if (!node)
        return -ENOENT;
    *found = vnode_ref(&node->vnode);
    return 0;
}

static int parent(struct vnode *dir, struct vnode **found)
{
    *found = vnode_ref(&cpio_node(dir)->parent->vnode);
    return 0;
}

static int readdir(struct vnode *vnode, int64_t off, dir_emit *emit, void *arg)
{
    struct cpio_node *dir = cpio_node(vnode);
    int64_t at = 2;
    if (off < 1 && !emit(arg, ".", 1, vnode->ino, DT_DIR, 1))
        return 0;
    if (off < 2 && !emit(arg, "..", 2, dir->parent->vnode.ino, DT_DIR, 2))
        return 0;
    for (struct cpio_node *node = dir->children; node; node = node->sibling, at++) {
        uint8_t type = vnode_is_dir(&node->vnode) ? DT_DIR : DT_REG;
        if (at >= off && !emit(arg, node->name, node->name_len, node->vnode.ino, type, at + 1))
            break;
    }
    return 0;
}

static long read(struct vnode *vnode, struct io *io, int64_t off, unsigned file_flags)
{
    struct cpio_node *node = cpio_node(vnode);
    (void)file_flags;
    if ((uint64_t)off >= node->size)
        return 0;
    size_t n = MIN(io->left, node->size - (size_t)off);
    int error = io_put(io, node->contents + off, n);
    return error ? error : (long)n;
}

static int getattr(struct vnode *vnode, struct stat *st)
{
    struct cpio_node *node = cpio_node(vnode);
    st->st_mode |= node->mode;
    st->st_nlink = node->nlink;
    st->st_size = (int64_t)node->size;
    st->st_blocks = (int64_t)(node->size + 511) / 512;
    st->st_atim.tv_sec = st->st_mtim.tv_sec = st->st_ctim.tv_sec = node->mtime;
    return 0;
}

static const struct vnode_ops dir_ops = {
    .lookup = lookup,
    .parent = parent,
    .readdir = readdir,
    .getattr = getattr,
};

static const struct vnode_ops file_ops = {
    .read = read,
    .getattr = getattr,
};
