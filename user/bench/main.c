/*
 * bench - counts the guest instructions of what programs do most.
 *
 *      bench [-n runs] [name...]       all of them without a name
 *
 * Prints a line for each:   getpid: median 113 min 113 mean 114.2 max 2345 of 1000
 * A run is measured by itself, and the price of reading the counter (that of the run which does
 * nothing) is taken off. The median is the number to quote: a timer tick, which falls into a run
 * now and then, moves the mean and the maximum but not the median.
 *
 * It makes sense only under `-icount shift=0`; `make bench` runs it so. The same program serves
 * both shapes, as far as there are processes in them.
 */
#include "bench.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MAX_RUNS = 2000 };

static const struct workload *const workloads[] = {
    &workload_getpid, &workload_devnull, &workload_pipe, &workload_fork,
    &workload_exec,   &workload_write,   &workload_read,
};
enum { NWORKLOADS = sizeof(workloads) / sizeof(workloads[0]) };

static unsigned long samples[MAX_RUNS];

static int compare(const void *a, const void *b)
{
    unsigned long x = *(const unsigned long *)a, y = *(const unsigned long *)b;
    return (x > y) - (x < y);
}

/* Leaves the samples of `workload` in ascending order. */
static void sample(const struct workload *workload, unsigned runs)
{
    workload->measure(samples, runs);
    qsort(samples, runs, sizeof(samples[0]), compare);
}

/* Reading the counter costs what a run that does nothing costs. */
static unsigned long price_of_reading(void)
{
    sample(&workload_empty, workload_empty.runs);
    return samples[workload_empty.runs / 2];
}

static void report(const struct workload *workload, unsigned runs, unsigned long reading)
{
    unsigned long sum = 0;
    sample(workload, runs);
    for (unsigned i = 0; i < runs; i++)
        sum += samples[i] -= reading;
    printf("%s: median %lu min %lu mean %lu.%lu max %lu of %u\n", workload->name, samples[runs / 2],
           samples[0], sum / runs, sum % runs * 10 / runs, samples[runs - 1], runs);
}

static const struct workload *find(const char *name)
{
    for (int i = 0; i < NWORKLOADS; i++)
        if (strcmp(workloads[i]->name, name) == 0)
            return workloads[i];
    errx(2, "%s: there is no such benchmark; bench -h lists them", name);
}

_Noreturn static void usage(void)
{
    fputs("usage: bench [-n runs] [name...]\n", stderr);
    for (int i = 0; i < NWORKLOADS; i++)
        fprintf(stderr, "  %-8s %s\n", workloads[i]->name, workloads[i]->what);
    exit(2);
}

int main(int argc, char **argv)
{
    unsigned runs = 0;
    int option;
    while ((option = getopt(argc, argv, "n:")) != -1) {
        if (option != 'n')
            usage();
        runs = (unsigned)strtoul(optarg, NULL, 10);
        if (runs == 0 || runs > MAX_RUNS)
            errx(2, "-n %s: a number from 1 to %d is wanted", optarg, MAX_RUNS);
    }
    unsigned long reading = price_of_reading();
    for (int i = 0; i < NWORKLOADS && optind == argc; i++)
        report(workloads[i], runs ? runs : workloads[i]->runs, reading);
    for (int i = optind; i < argc; i++) {
        const struct workload *workload = find(argv[i]);
        report(workload, runs ? runs : workload->runs, reading);
    }
    return 0;
}
