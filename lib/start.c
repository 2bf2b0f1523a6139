/*
 * start.c - from the stack the kernel left to main.
 *
 *      high    strings of arguments and environment
 *              auxv: pairs (type, value), ended by AT_NULL
 *              envp[0] ... NULL
 *              argv[0] ... argv[argc - 1], NULL
 *      sp ->   argc
 *
 * The first thread's TLS lies on this function's own frame: __libc_start never returns, so the
 * memory stays, and a program needs no heap and no system call before main.
 */
#include "libc.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

typedef void init_fn(int argc, char **argv, char **envp);

extern init_fn *const __preinit_array_start[], *const __preinit_array_end[];
extern init_fn *const __init_array_start[], *const __init_array_end[];

int main(int argc, char **argv, char **envp);

char **environ;
unsigned long *__auxv;
const char *__program = "";
struct tls_image __tls_image = {.align = 16};

static void find_tls(void)
{
    const char *at = (const char *)getauxval(AT_PHDR);
    size_t size = getauxval(AT_PHENT), n = getauxval(AT_PHNUM);
    for (; at != NULL && n > 0; n--, at += size) {
        const Elf64_Phdr *ph = (const Elf64_Phdr *)at;
        if (ph->p_type != PT_TLS)
            continue;
        __tls_image.data = (const void *)ph->p_vaddr;
        __tls_image.file_size = ph->p_filesz;
        __tls_image.mem_size = ph->p_memsz;
        if (ph->p_align > __tls_image.align)
            __tls_image.align = ph->p_align;
    }
}

size_t __tls_space(void)
{
    return sizeof(struct __thread_block) + __tls_image.align - 1 + __tls_image.mem_size;
}

void *__tls_place(void *mem)
{
    uintptr_t mask = __tls_image.align - 1;
    char *tp = (char *)(((uintptr_t)mem + sizeof(struct __thread_block) + mask) & ~mask);
    memset(tp - sizeof(struct __thread_block), 0, sizeof(struct __thread_block));
    memcpy(tp, __tls_image.data, __tls_image.file_size);
    memset(tp + __tls_image.file_size, 0, __tls_image.mem_size - __tls_image.file_size);
    return tp;
}

/* Set while nothing in this function or its callers uses tp. */
static inline void set_thread_pointer(void *tp)
{
    __asm__ volatile("mv tp, %0" : : "r"(tp) : "memory");
}

static void run(init_fn *const *from, init_fn *const *to, int argc, char **argv)
{
    for (; from < to; from++)
        (*from)(argc, argv, environ);
}

_Noreturn void __libc_start(long *sp)
{
    int argc = (int)sp[0];
    char **argv = (char **)(sp + 1);
    environ = argv + argc + 1;
    if (argc > 0)
        __program = argv[0];
    char **end = environ;
    while (*end != NULL)
        end++;
    __auxv = (unsigned long *)(end + 1);

    find_tls();
    set_thread_pointer(__tls_place(__builtin_alloca(__tls_space())));
    run(__preinit_array_start, __preinit_array_end, argc, argv);
    run(__init_array_start, __init_array_end, argc, argv);
    exit(main(argc, argv, environ));
}
