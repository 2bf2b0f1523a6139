/* libc.h - what the files of the libc know of each other. No program includes this. */
#ifndef LIBC_H
#define LIBC_H

#include <onering/syscalls.h>
#include <limits.h>
#include <pthread.h>
#include <stddef.h>

/*
 * Every thread has a block just below the address in tp; its thread-local variables start at tp
 * (the RISC-V ABI calls that TLS variant I):
 *
 *      +---------------------+------------------------------+
 *      | struct __thread_block | .tdata copied, .tbss zeroed  |
 *      +---------------------+------------------------------+
 *                            ^ tp
 */
struct __thread_block {
    int tid;             /* the kernel zeroes it and wakes its futex when the thread is gone */
    int fate;            /* enum thread_fate */
    void *(*fn)(void *); /* what the thread runs, and with what */
    void *arg;
    void *result; /* of fn, or of pthread_exit */
    void *map;    /* stack and this block: one mapping; NULL for the first thread */
    size_t map_size;
    struct __thread_block *next; /* in the list of detached threads */
    void *specific[PTHREAD_KEYS_MAX];
};

static inline struct __thread_block *thread_block(void)
{
    return (struct __thread_block *)__builtin_thread_pointer() - 1;
}

/* The thread-local image of this program, found by __libc_start. */
struct tls_image {
    const void *data;
    size_t file_size;
    size_t mem_size;
    size_t align; /* at least 16 */
};

extern struct tls_image __tls_image;

/* Bytes a thread's block and TLS need, wherever the memory starts. */
size_t __tls_space(void);

/* Sets up block and TLS in [mem, mem + __tls_space()); returns the value for tp. */
void *__tls_place(void *mem);

/* Turns the result of a system call into the C convention: -1 and errno. */
long __sysret(long result);

/*
 * Locks inside the libc (a FILE, the heap). A program with one thread pays a load and a branch:
 * pthread_create installs the hooks, and only it pulls futexes into the image.
 * States of a lock: 0 free, 1 held, 2 held and somebody may sleep.
 */
struct thread_hooks {
    void (*lock)(int *lock);
    void (*unlock)(int *lock);
};

extern const struct thread_hooks *__thread_hooks;

static inline void libc_lock(int *lock)
{
    if (__builtin_expect(__thread_hooks != NULL, 0))
        __thread_hooks->lock(lock);
}

static inline void libc_unlock(int *lock)
{
    if (__builtin_expect(__thread_hooks != NULL, 0))
        __thread_hooks->unlock(lock);
}

/* Runs the destructors of the calling thread's keys; NULL while no key was ever made. */
extern void (*__run_key_destructors)(void);

extern unsigned long *__auxv;
extern const char *__program; /* argv[0] */

#endif
