/* Executable files: ELF, 64 bits, little endian, RISC-V, linked for a fixed address. */
#pragma once
#include "kern/core/util.h"

struct vmspace;
struct vnode;

/* As the System V ABI lays them out (chapters 4 and 5). */
struct elf_header {
    uint8_t ident[16]; /* "\177ELF", class, byte order, version, ... */
    uint16_t type, machine;
    uint32_t version;
    uint64_t entry;
    uint64_t phoff, shoff; /* where in the file the tables of segments and sections are */
    uint32_t flags;
    uint16_t ehsize, phentsize, phnum, shentsize, shnum, shstrndx;
};

struct elf_segment {
    uint32_t type, flags;
    uint64_t offset; /* in the file */
    uint64_t vaddr, paddr;
    uint64_t filesz, memsz; /* what the file does not give is zero */
    uint64_t align;
};

/* What the program must be told of itself. */
struct elf_image {
    uintptr_t entry;
    uintptr_t phdr; /* the segment table in its memory; 0: not there */
    size_t phnum;
    uintptr_t end; /* of the highest segment, page aligned: the heap starts there */
};

/* Loads the program in `file`, of whose beginning `nhead` bytes are at `head`, into a new space. 0,
 * -ENOEXEC for whatever is wrong with the file, -ENOMEM, or an error of reading. */
int elf_load(struct vmspace *space, struct vnode *file, const void *head, size_t nhead,
             struct elf_image *image);
