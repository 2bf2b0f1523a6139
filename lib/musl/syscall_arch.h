/* musl's system calls, as calls of Onering's functions.
 *
 * This stands in for musl's own arch/riscv64/syscall_arch.h (it is found first: see config.mk), whose
 * inline functions put a number into a7 and execute `ecall`. Here they call sys_NAME. musl writes the
 * number as a constant nearly everywhere; then all that the compiler leaves of onering_by_number is
 *
 *     call sys_write
 *
 * so that a fused image links the kernel's sys_write and nothing more. The whole switch remains only
 * where the number is a variable: in syscall(). A number that Onering's table does not list is -ENOSYS.
 * Results go back as they are; musl makes -1 and errno of them.
 *
 * __syscall_cp, the form of the calls at which a thread may be cancelled, is the same as the plain
 * one: see cancel.c.
 */
#pragma once
#include <onering/by_number.h>

#define __SYSCALL_LL_E(x) (x)
#define __SYSCALL_LL_O(x) (x)

#define IPC_64 0

typedef long syscall_arg_t;
#define __scc(X) ((long)(X))

#define onering_inline static inline __attribute__((__always_inline__, __unused__))

onering_inline long __syscall6(long n, long a, long b, long c, long d, long e, long f)
{
    long result = onering_by_number(n, a, b, c, d, e, f);
    if (n == SYS_exit || n == SYS_exit_group)
        __builtin_unreachable(); /* else _Exit's second attempt brings the end of threads in */
    return result;
}

onering_inline long __syscall0(long n)
{
    return __syscall6(n, 0, 0, 0, 0, 0, 0);
}

onering_inline long __syscall1(long n, long a)
{
    return __syscall6(n, a, 0, 0, 0, 0, 0);
}

onering_inline long __syscall2(long n, long a, long b)
{
    return __syscall6(n, a, b, 0, 0, 0, 0);
}

onering_inline long __syscall3(long n, long a, long b, long c)
{
    return __syscall6(n, a, b, c, 0, 0, 0);
}

onering_inline long __syscall4(long n, long a, long b, long c, long d)
{
    return __syscall6(n, a, b, c, d, 0, 0);
}

onering_inline long __syscall5(long n, long a, long b, long c, long d, long e)
{
    return __syscall6(n, a, b, c, d, e, 0);
}

onering_inline long __syscall_cp(long n, long a, long b, long c, long d, long e, long f)
{
    return __syscall6(n, a, b, c, d, e, f);
}
