/* Who am I: the only program there is. */
#include <onering/syscalls.h>

long sys_getpid(void)
{
    return 1;
}

long sys_getppid(void)
{
    return 0;
}

long sys_getuid(void)
{
    return 0;
}

long sys_geteuid(void)
{
    return 0;
}

long sys_getgid(void)
{
    return 0;
}

long sys_getegid(void)
{
    return 0;
}
