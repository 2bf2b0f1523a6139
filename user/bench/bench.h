/* What the parts of bench share: what a workload is, and how it reads the instruction counter. */
#ifndef BENCH_H
#define BENCH_H

/* One thing worth measuring. */
struct workload {
    const char *name;
    const char *what; /* one run of it, in words */
    unsigned runs;    /* unless the command line says otherwise */
    /* Runs it `runs` times; samples[i] becomes the instructions of run i, reading the counter
     * included. What a run has to find is made, and what it leaves is removed, between samples.
     * If something does not work it ends the program, with a complaint and a non-zero status. */
    void (*measure)(unsigned long *samples, unsigned runs);
};

extern const struct workload workload_empty, workload_getpid, workload_devnull; /* calls.c */
extern const struct workload workload_pipe, workload_fork, workload_exec;       /* processes.c */
extern const struct workload workload_write, workload_read;                     /* files.c */

/* Instructions this hart has executed. With QEMU's -icount shift=0 the difference of two readings
 * is exact; without, it is only noise that grows. */
static inline unsigned long instructions(void)
{
    unsigned long count;
    __asm__ volatile("rdinstret %0" : "=r"(count) : : "memory");
    return count;
}

#endif
