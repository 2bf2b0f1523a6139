/* Loading ELF programs.
 *
 *       file                               address space
 *     +-----------------+
 *     | header          |
 *     | segment table   |            +--------------+ PAGE_DOWN(vaddr)
 *     | ...             |            |    zeros     |
 *     | segment        -+----------->| filesz bytes | vaddr
 *     |                 |            |    zeros     | up to the end of the page
 *     | ...             |            +- - - - - - - +
 *     +-----------------+            | demand zero  | up to PAGE_UP(vaddr + memsz)
 *                                    +--------------+
 *
 * Nothing in a file is trusted. Sums are made only after both terms are known to be small; segments
 * must come in order of address and share no page, so they cannot overlap.
 */
#include "kern/proc/elf.h"
#include "kern/core/string.h"
#include "kern/fs/vnode.h"
#include "kern/mem/pages.h"
#include "kern/mem/vmspace.h"
#include "kern/sys/errno.h"

#define ELF_IDENT         "\177ELF\2\1\1" /* magic; 64 bits, little endian, version 1 */
#define ELF_IDENT_LEN     7
#define ELF_TYPE_EXEC     2
#define ELF_MACHINE_RISCV 243
#define ELF_VERSION       1
#define ELF_SEGMENTS_MAX  64
#define ELF_OFFSET_MAX    (1UL << 40) /* no file is larger; small enough to add up */

enum { SEGMENT_LOAD = 1, SEGMENT_INTERP = 3 };
enum { SEGMENT_X = 1, SEGMENT_W = 2, SEGMENT_R = 4 };

struct loader {
    struct vmspace *space;
    struct vnode *file;
    const struct elf_header *header;
    struct elf_image *image;
    bool entry_is_code;
};

static int read_fully(struct vnode *file, void *dst, size_t n, uint64_t offset)
{
    struct io io = io_kernel(dst, n);
    long got = file->ops->read(file, &io, (int64_t)offset, 0);
    if (got < 0)
        return (int)got;
    return (size_t)got == n ? 0 : -ENOEXEC;
}

static bool header_is_valid(const struct elf_header *header)
{
    return memcmp(header->ident, ELF_IDENT, ELF_IDENT_LEN) == 0 && header->type == ELF_TYPE_EXEC &&
           header->machine == ELF_MACHINE_RISCV && header->version == ELF_VERSION &&
           header->phentsize == sizeof(struct elf_segment) && header->phnum > 0 &&
           header->phnum <= ELF_SEGMENTS_MAX && header->phoff <= ELF_OFFSET_MAX &&
           header->entry % 2 == 0;
}

static bool segment_is_valid(const struct elf_segment *segment, uintptr_t lowest)
{
    return segment->filesz <= segment->memsz && segment->memsz <= USER_MMAP_TOP &&
           segment->vaddr <= USER_MMAP_TOP - segment->memsz &&
           PAGE_DOWN(segment->vaddr) >= lowest && segment->offset <= ELF_OFFSET_MAX;
}

static unsigned area_flags(const struct elf_segment *segment)
{
    return (segment->flags & SEGMENT_R ? VM_READ : 0) |
           (segment->flags & SEGMENT_W ? VM_WRITE : 0) | (segment->flags & SEGMENT_X ? VM_EXEC : 0);
}

/* Fills the page at `va` with what the file has for it, and zeros around that. */
static int load_page(struct loader *loader, const struct elf_segment *segment, uintptr_t va)
{
    char *page = vmspace_fresh_page(loader->space, va);
    if (!page)
        return -ENOMEM;
    uintptr_t from = MAX(va, segment->vaddr);
    uintptr_t to = MIN(va + PAGE_SIZE, segment->vaddr + segment->filesz);
    memset(page, 0, from - va);
    memset(page + (to - va), 0, va + PAGE_SIZE - to);
    return read_fully(loader->file, page + (from - va), to - from,
                      segment->offset + (from - segment->vaddr));
}

/* What the image as a whole learns from one of its segments. */
static void note_segment(struct loader *loader, const struct elf_segment *segment, uintptr_t end)
{
    const struct elf_header *header = loader->header;
    uint64_t table_size = header->phnum * sizeof(struct elf_segment);
    if (header->phoff >= segment->offset &&
        header->phoff + table_size <= segment->offset + segment->filesz)
        loader->image->phdr = segment->vaddr + (header->phoff - segment->offset);
    if ((segment->flags & SEGMENT_X) && header->entry >= segment->vaddr &&
        header->entry < segment->vaddr + segment->memsz)
        loader->entry_is_code = true;
    loader->image->end = end;
}

static int load_segment(struct loader *loader, const struct elf_segment *segment)
{
    if (segment->memsz == 0)
        return 0;
    if (!segment_is_valid(segment, loader->image->end))
        return -ENOEXEC;
    uintptr_t start = PAGE_DOWN(segment->vaddr), end = PAGE_UP(segment->vaddr + segment->memsz);
    int error = vmspace_map(loader->space, start, end - start, area_flags(segment));
    uintptr_t file_end = segment->filesz ? segment->vaddr + segment->filesz : start;
    for (uintptr_t va = start; va < file_end && !error; va += PAGE_SIZE)
        error = load_page(loader, segment, va);
    note_segment(loader, segment, end);
    return error;
}

static int load_segments(struct loader *loader)
{
    const struct elf_header *header = loader->header;
    for (size_t i = 0; i < header->phnum; i++) {
        struct elf_segment segment;
        int error = read_fully(loader->file, &segment, sizeof(segment),
                               header->phoff + i * sizeof(segment));
        if (!error && segment.type == SEGMENT_INTERP)
            error = -ENOEXEC; /* wants a dynamic linker */
        if (!error && segment.type == SEGMENT_LOAD)
            error = load_segment(loader, &segment);
        if (error)
            return error;
    }
    return loader->entry_is_code ? 0 : -ENOEXEC;
}

int elf_load(struct vmspace *space, struct vnode *file, const void *head, size_t nhead,
             struct elf_image *image)
{
    struct elf_header header;
    if (nhead < sizeof(header))
        return -ENOEXEC;
    memcpy(&header, head, sizeof(header));
    if (!header_is_valid(&header))
        return -ENOEXEC;
    struct loader loader = {.space = space, .file = file, .header = &header, .image = image};
    *image = (struct elf_image){.entry = header.entry, .phnum = header.phnum, .end = USER_BASE};
    return load_segments(&loader);
}
