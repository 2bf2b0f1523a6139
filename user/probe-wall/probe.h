/* The parts of the probe, and what they share. */
#pragma once

enum { PAGE = 4096 };

/* A command's arguments, as they stand in the script. */
typedef void command(char **args);

/* calls.c: registers, numbers and results of system calls */
command exit_now, exit_with_fold, show_registers, make_call, make_many_calls, keep_errno,
    call_on_stack, together, late;

/* memory.c: what the kernel reads and writes through a program's pointers */
command map, unmap, fill, show, poke, wait_for, put_text, put_long_text, write_memory, read_memory,
    make_folder, list_folder;

/* box.c, duel.c: the call of one's own */
command box_number, box, box_race, box_duel;

enum { LETTERS_MAX = 16, UNWRITTEN = 0xff };

struct letter {
    long value;
    int sender;
    int number;
};

struct box_request {
    struct letter *letters;
    unsigned long count;
};

long call_box(long op, void *request);
void print_letters(const struct letter *letters, unsigned long count);

/* raw.S */
long raw_call(long number, long a, long b, long c, long d, long e, long f);
void raw_getpid(unsigned long times);
long raw_call_on(unsigned long sp, long number);
void raw_call_with(unsigned long regs[32]);

/* main.c */
unsigned long number_of(const char *text); /* 0x..., decimal, negative */
unsigned long next_number(unsigned long *state);
