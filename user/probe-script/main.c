/*
 * probe-script - is linked for a look at what a linker script makes of a program that differs from
 * probe-fused: it has no thread-local variable that is not zero, and it ends where two large pages meet.
 */
#include <onering/syscalls.h>

/* With the kernel and its stacks, up to some 70 KiB below a border of 2 MiB: the page tables, 136 KiB of
 * them, reach across it. */
enum { TO_THE_BORDER = (63 << 20) + (148 << 10) };

_Thread_local __attribute__((aligned(64))) int probe_zero[5];
char probe_border[TO_THE_BORDER];

int main(int argc, char **argv)
{
    (void)argc, (void)argv;
    __asm__ volatile(".irp name, probe_zero, probe_border\n"
                     ".reloc ., R_RISCV_NONE, \\name\n"
                     ".endr");
    return 0;
}

/* Where crt0 arrives. */
_Noreturn void __libc_start(unsigned long *sp)
{
    sys_exit_group(main((int)*sp, (char **)(sp + 1)));
    __builtin_unreachable();
}
