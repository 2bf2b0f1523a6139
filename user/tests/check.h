/*
 * check.h - what the tests of this folder share.
 *
 * A test is a program: it says what failed on stderr, and ends with check_end, which prints one
 * line and gives the exit status. They also pass on Linux (under qemu-riscv64), whose behaviour is
 * the reference; what only Onering promises is guarded by on_onering().
 *
 * A test that needs no second process runs in both shapes, from the same object and with the same
 * output. What needs processes is in tests of its own.
 */
#ifndef CHECK_H
#define CHECK_H

#include <stddef.h>

#define CHECK(e)         check((e) != 0, __FILE__, __LINE__, #e)
#define EQUAL(got, want) check_equal((long)(got), (long)(want), __FILE__, __LINE__, #got)

int check(int ok, const char *file, int line, const char *what);
int check_equal(long got, long want, const char *file, int line, const char *what);
void check_fail(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int check_end(const char *name);

/* Runs fn(arg) in a child; returns the wait status. The child exits with 1 if a check failed. */
int in_child(void (*fn)(void *arg), void *arg);

/* Free memory in bytes, when nothing is on its way to be freed any more. Signed, as differences must
 * be: what somebody else held may come back between two measurements. */
long free_memory(void);

/* A mapping of n bytes, zeros and nobody else's, wherever there is room: mmap's result. */
void *map_anonymous(size_t n, int prot);
int is_zero(const char *p, size_t n);

/* Runs fn some times, until once as much memory is free after it as before: what the kernel keeps
 * for later may differ from one time to the next (a heap with a cache for each hart fills one after the
 * other), a leak shows every time. */
void check_no_leak(void (*fn)(void));

int on_onering(void);
int in_qemu_user(void); /* whose checks of arguments are not all those of Linux */
void sleep_ms(long ms);
long now_ms(void);

/* A system call by number, all six arguments as given: raw.S. */
long sys_raw(long n, long a, long b, long c, long d, long e, long f);

/* Call n, with sp set to stack; returns its result, or -1 if sp came back changed. raw.S. */
long sys_on_stack(long n, long stack);

/* Makes call n(a) with a value in every register; returns how many came back changed. raw.S. */
long registers_changed(long n, long a);

/* How many floating-point registers are not zero. fpregs.S. */
long fp_nonzero(void);

/* Holds a value made from seed in every floating-point register, and in fcsr, for so many rounds,
 * each giving the processor away if yielding; returns how many were changed. fpregs.S. */
long fp_changed(unsigned long seed, long rounds, long yielding);

#endif
