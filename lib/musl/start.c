/* Where our crt0 meets musl: the start of a program in either shape.
 *
 * lib/crt0.S and lib/crt0_libos.S call __libc_start with the initial stack (argc, argv, envp, auxv),
 * as they do for the small libc; musl's own crt1 is not used.
 */
#include "libc.h"

int main();
int __libc_start_main(int (*main)(), int argc, char **argv, void (*init)(), void (*fini)(),
                      void (*unused)());

_Noreturn void __libc_start(long *sp)
{
    __libc_start_main(main, (int)sp[0], (char **)(sp + 1), 0, 0, 0);
    __builtin_unreachable(); /* it calls exit */
}
