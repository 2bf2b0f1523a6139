/* The commands of the image `boot`, as they stand in its bootargs; each takes words. */
#pragma once
#include "kern/images/commands.h"

/* traps.c */
void command_break(char **words); /* N: takes N breakpoints */
void command_nest(char **words); /* N: a breakpoint, whose handler takes a breakpoint, ... N deep */
void command_registers(char **words); /* SEED: a breakpoint with every register at a known value */
void command_fault(char **words);     /* load|store|fetch ADDRESS */
void command_illegal(char **words);   /* an instruction that there is not */
void command_overrun(char **words);   /* trap|tick: that, with sp below the stack */
void traps_init(void);

/* clock.c */
void start_ticks(void);
void command_ticks(char **words);  /* N: waits for N ticks of the clock */
void command_late(char **words);   /* MS: keeps interrupts off for so long, ticks on */
void command_lazy(char **words);   /* N US: N ticks, each taken so long after it was due */
void command_chimes(char **words); /* N: ticks that start a timer of 1 ms; waits for N of these */
void command_timers(char **words); /* MS,MS,...: waits until timers of these lengths have expired */

/* chain.c */
void command_chain(
    char **words); /* LETTERS END: calls link_a, ... in turn; END: panic fault return */
void command_bend(char **words);   /* self|below|odd|outside|ADDRESS: panics above a frame whose
                                     caller's is there */
void command_adrift(char **words); /* ADDRESS: a fault while fp is that */

/* aside.c */
void command_aside(char **words); /* N: counts to N by recursion, on a stack of its own */

/* kern/images/probe.S */
void probe(char **words); /* stores all registers where the host finds them, and ends the machine */
