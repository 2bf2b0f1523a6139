/*
 * fp.h - what the tests of floating-point registers let threads and processes do. Each check fails if a
 * register was lost.
 */
#ifndef FP_H
#define FP_H

/* Holds values made from seed, for long enough to lose the processor many times. */
void fp_holds(unsigned long seed);
void *fp_holds_in_thread(void *arg); /* the same, a seed made from arg */

/* Computes a sum that comes out wrong if a register is lost: 1 + 1/2 + 1/4 ... Returns arg. */
void *fp_computes(void *arg);

#endif
