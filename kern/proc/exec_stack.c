/* The stack as a new program finds it, the same as under Linux (System V ABI, "process initialization").
 *
 *     USER_STACK_TOP  +---------------------------------+
 *                     | path, arguments, environment    |  the strings themselves
 *                     | 16 random bytes                 |
 *                     | auxv: pairs, to AT_NULL         |
 *                     | envp[0] ... NULL                |
 *                     | argv[0] ... NULL                |
 *               sp -> | argc                            |  16-byte aligned
 *                     +---------------------------------+
 */
#include "kern/core/random.h"
#include "kern/core/string.h"
#include "kern/mem/pages.h"
#include "kern/mem/vmspace.h"
#include "kern/proc/exec_impl.h"
#include "kern/sys/abi.h"

#define RANDOM_SIZE 16
#define STACK_ALIGN 16UL
#define CLOCK_TICKS 100 /* what times() counts in, per second */

/* AT_HWCAP has a bit for each letter of the instruction set. */
#define ISA(letter) (1UL << ((letter) - 'a'))
#define ISA_RV64GC  (ISA('i') | ISA('m') | ISA('a') | ISA('f') | ISA('d') | ISA('c'))

struct auxv {
    uint64_t type, value;
};

/* Writes upwards, page by page. After an error it goes on without writing. */
struct writer {
    struct vmspace *space;
    uintptr_t va;
    char *at; /* where va is for the kernel; not valid at the start of a page */
    int error;
};

static void write_bytes(struct writer *writer, const void *src, size_t n)
{
    while (n > 0 && !writer->error) {
        size_t offset = writer->va % PAGE_SIZE, piece = MIN(n, PAGE_SIZE - offset);
        if (offset == 0 || !writer->at) {
            char *page = vmspace_page(writer->space, writer->va, VM_WRITE, &writer->error);
            if (!page)
                return;
            writer->error = 0;
            writer->at = page + offset;
        }
        memcpy(writer->at, src, piece);
        writer->at += piece;
        writer->va += piece;
        src = (const char *)src + piece;
        n -= piece;
    }
}

static void write_word(struct writer *writer, uint64_t word)
{
    write_bytes(writer, &word, sizeof(word));
}

/* The addresses of `count` strings that follow each other, then NULL. `offset` moves behind them. */
static void write_pointers(struct writer *writer, const struct exec_strings *strings,
                           uintptr_t strings_va, size_t *offset, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        write_word(writer, strings_va + *offset);
        *offset += strlen(strings->buffer + *offset) + 1;
    }
    write_word(writer, 0);
}

int exec_build_stack(struct vmspace *space, const struct exec_strings *strings,
                     const struct elf_image *image, uintptr_t *sp)
{
    uintptr_t strings_va = ALIGN_DOWN(USER_STACK_TOP - strings->used, STACK_ALIGN);
    uintptr_t random_va = strings_va - RANDOM_SIZE;
    const struct auxv auxv[] = {
        {AT_PHDR, image->phdr},
        {AT_PHENT, sizeof(struct elf_segment)},
        {AT_PHNUM, image->phnum},
        {AT_PAGESZ, PAGE_SIZE},
        {AT_BASE, 0},
        {AT_FLAGS, 0},
        {AT_ENTRY, image->entry},
        {AT_UID, 0},
        {AT_EUID, 0},
        {AT_GID, 0},
        {AT_EGID, 0},
        {AT_SECURE, 0},
        {AT_HWCAP, ISA_RV64GC},
        {AT_CLKTCK, CLOCK_TICKS},
        {AT_RANDOM, random_va},
        {AT_EXECFN, strings_va},
        {AT_NULL, 0},
    };
    size_t nwords = 1 + strings->argc + 1 + strings->envc + 1;
    *sp = ALIGN_DOWN(random_va - sizeof(auxv) - nwords * sizeof(uint64_t), STACK_ALIGN);

    int error =
        vmspace_map(space, USER_STACK_TOP - USER_STACK_SIZE, USER_STACK_SIZE, VM_READ | VM_WRITE);
    if (error)
        return error;
    uint8_t random[RANDOM_SIZE];
    random_bytes(random, sizeof(random));
    struct writer writer = {.space = space, .va = *sp};
    size_t offset = strlen(exec_strings_path(strings)) + 1;
    write_word(&writer, strings->argc);
    write_pointers(&writer, strings, strings_va, &offset, strings->argc);
    write_pointers(&writer, strings, strings_va, &offset, strings->envc);
    write_bytes(&writer, auxv, sizeof(auxv));
    writer.va = random_va;
    writer.at = NULL;
    write_bytes(&writer, random, sizeof(random));
    write_bytes(&writer, strings->buffer, strings->used);
    return writer.error;
}
