/* free - how much memory there is, in KiB. */
#include <err.h>
#include <stdio.h>
#include <sys/sysinfo.h>

int main(void)
{
    struct sysinfo info;
    if (sysinfo(&info) != 0)
        err(1, "sysinfo");
    unsigned long unit = info.mem_unit != 0 ? info.mem_unit : 1;
    unsigned long total = info.totalram * unit / 1024, left = info.freeram * unit / 1024;
    printf("%8s %10s %10s %10s\n", "", "total", "used", "free");
    printf("%-8s %10lu %10lu %10lu\n", "Mem:", total, total - left, left);
    return 0;
}
