/* ps - the processes there are; their state is R (running or ready), S (asleep) or Z (ended, but
 * not waited for). */
#include <err.h>
#include <onering/procs.h>
#include <stdio.h>
#include <stdlib.h>

enum { SPARE = 8 }; /* processes may be born between asking how many and asking which */

static int by_pid(const void *a, const void *b)
{
    return ((const struct proc_info *)a)->pid - ((const struct proc_info *)b)->pid;
}

static void print(const struct proc_info *p)
{
    unsigned long centiseconds = p->cpu_ns / 10000000;
    printf("%5d %5d %5d %c %3d %6u %3lu:%02lu.%02lu %.*s\n", p->pid, p->ppid, p->pgid, p->state,
           p->nthreads, p->rss_kib, centiseconds / 6000, centiseconds / 100 % 60,
           centiseconds % 100, (int)sizeof(p->name), p->name);
}

int main(void)
{
    long n = onering_procs(NULL, 0);
    if (n < 0)
        err(1, "cannot list the processes");
    size_t room = n + SPARE;
    struct proc_info *procs = calloc(room, sizeof(*procs));
    if (procs == NULL || (n = onering_procs(procs, room)) < 0)
        err(1, "cannot list the processes");
    if ((size_t)n > room)
        n = room;
    qsort(procs, n, sizeof(*procs), by_pid);
    printf("%5s %5s %5s %s %3s %6s %9s %s\n", "PID", "PPID", "PGID", "S", "THR", "KIB", "TIME",
           "COMMAND");
    for (long i = 0; i < n; i++)
        print(&procs[i]);
    return 0;
}
