/* From our crt0 to main, with musl's parts.
 *
 * lib/crt0.S and lib/crt0_libos.S call __libc_start with the initial stack (the picture is in
 * lib/start.c), as they do for the small libc. It does what musl's crt1 and __libc_start_main do, less
 * what a program that has just begun would never reach, but an image would have to hold: a look at
 * descriptors 0-2 for set-uid programs (ppoll, openat), a mapping for large thread-local storage. The
 * first thread's block and its thread-local variables lie on this function's frame instead:
 * __libc_start never returns, so they stay.
 */
#include "libc.h"
#include "pthread_impl.h"

#include <elf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AUX_COUNT 64 /* types of auxv we look at: all are below */
#define MIN_ALIGN _Alignof(struct pthread)

typedef void init_fn(int argc, char **argv, char **envp);

extern init_fn *const __preinit_array_start[], *const __preinit_array_end[];
extern init_fn *const __init_array_start[], *const __init_array_end[];

int main(int argc, char **argv, char **envp);

static struct tls_module main_tls;

static void read_auxv(size_t *auxv, size_t *values)
{
    for (; auxv[0] != AT_NULL; auxv += 2)
        if (auxv[0] < AUX_COUNT)
            values[auxv[0]] = auxv[1];
}

static void set_program_name(char *name)
{
    char *slash = strrchr(name, '/');
    __progname_full = name;
    __progname = slash != NULL ? slash + 1 : name;
}

/* The thread-local image, from the program's headers. Its variables begin at tp (variant I), which is
 * where musl's thread block ends. */
static void find_tls(const size_t *aux)
{
    const char *at = (const char *)aux[AT_PHDR];
    main_tls.align = MIN_ALIGN;
    for (size_t n = aux[AT_PHNUM]; n > 0; n--, at += aux[AT_PHENT]) {
        const Elf64_Phdr *ph = (const Elf64_Phdr *)at;
        if (ph->p_type != PT_TLS)
            continue;
        main_tls.image = (void *)ph->p_vaddr;
        main_tls.len = ph->p_filesz;
        main_tls.size = ph->p_memsz;
        if (ph->p_align > main_tls.align)
            main_tls.align = ph->p_align;
        libc.tls_cnt = 1;
        libc.tls_head = &main_tls;
    }
    /* What musl's __copy_tls places in memory that is aligned for nothing: block, variables, and at
     * the end the vector of pointers to the variables of each module, with its length. */
    libc.tls_align = main_tls.align;
    libc.tls_size = main_tls.align - 1 + sizeof(struct pthread) + main_tls.size +
                    (libc.tls_cnt + 1) * sizeof(uintptr_t);
    libc.tls_size = (libc.tls_size + MIN_ALIGN - 1) & -MIN_ALIGN;
}

static void run_constructors(int argc, char **argv)
{
    for (init_fn *const *at = __preinit_array_start; at < __preinit_array_end; at++)
        (*at)(argc, argv, __environ);
    for (init_fn *const *at = __init_array_start; at < __init_array_end; at++)
        (*at)(argc, argv, __environ);
}

_Noreturn void __libc_start(long *sp)
{
    int argc = (int)sp[0];
    char **argv = (char **)(sp + 1), **end = argv + argc + 1;
    size_t aux[AUX_COUNT] = {0};
    __environ = end;
    while (*end != NULL)
        end++;
    libc.auxv = (size_t *)(end + 1);
    read_auxv(libc.auxv, aux);
    libc.page_size = aux[AT_PAGESZ];
    __hwcap = aux[AT_HWCAP];
    set_program_name(argc > 0 ? argv[0] : (char *)"");

    find_tls(aux);
    __init_tp(__copy_tls(memset(__builtin_alloca(libc.tls_size), 0, libc.tls_size)));
    run_constructors(argc, argv);
    exit(main(argc, argv, __environ));
}
