/* current.c - what becomes of tp, and of interrupts, when the kernel asks who is running. */
#include "probe.h"

#include <stdio.h>

/* number TP OFF: this thread's number, asked for with that in tp, and with interrupts off or on */
void ask_number(char **args)
{
    unsigned long tp = number_of(args[0]), off = number_of(args[1]), after[2];
    long number = raw_gettid(tp, off, after);
    printf("number %ld, tp %s, interrupts %s\n", number, after[0] == tp ? "kept" : "changed",
           after[1] ? "on" : "off");
}
