/* The parts of the probes of lab 5, and what they share. */
#pragma once

/* A command's arguments, as they stand in the script. */
typedef void command(char **args);

struct command_entry {
    const char *name;
    int nargs;
    command *run;
};

/* script.c: runs the commands in the program's arguments */
void run_script(int argc, char **argv, const struct command_entry *commands);
unsigned long number_of(const char *text); /* 0x..., decimal, negative */
unsigned long next_number(unsigned long *state);
command exit_now, make_folder, list_folder, count_getpid;

/* missing.c: calls that no image has */
command call_missing;

/* paths.c: strings that the kernel takes from the program */
command make_long_folder, make_folder_at_edge;

/* threads.c: what a thread has for itself */
command run_threads, wait_by_spinning, clone_raw, count_both, overflow_stack;

/* numbers.c: calls by their number, without musl */
command call_number, call_constant;

/* current.c: what becomes of tp and of interrupts in a call */
command ask_number;

/* raw.S */
long raw_gettid(unsigned long tp, unsigned long off, unsigned long *after);
void raw_getpid(unsigned long times);
long raw_clone(unsigned long flags, void *stack, unsigned long tls, unsigned long *regs);
