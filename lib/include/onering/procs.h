/* The processes there are: a call of Onering's own, for ps. */
#ifndef _ONERING_PROCS_H
#define _ONERING_PROCS_H

#include <stddef.h>
#include <stdint.h>

struct proc_info {
    int32_t pid;
    int32_t ppid;
    int32_t pgid;
    char state; /* R running or ready, S sleeping, Z zombie */
    uint8_t pad[3];
    int32_t nthreads;
    uint32_t rss_kib;
    uint64_t cpu_ns;
    char name[16];
};

/* Fills in up to n entries; returns how many processes there are, or -1. */
long onering_procs(struct proc_info *buf, size_t n);

#endif
