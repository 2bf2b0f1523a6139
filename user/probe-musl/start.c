/* start.c - before main: thread-local variables and constructors; after it: destructors. */
#include "probe.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { WORDS = 8, ZEROS = 100, ALIGNMENT = 256, NOTES = 10 };

/* What they begin with is changed from outside, before the machine runs. */
__thread unsigned long tls_words[WORDS] = {1, 2, 3, 4, 5, 6, 7, 8};
static __thread unsigned long zeros[ZEROS];
static __thread struct {
    _Alignas(ALIGNMENT) char text[32];
} aligned = {"aligned"};

/* tls: as the program finds it, once */
void show_thread_local(char **args)
{
    int nonzero = 0;
    char *volatile where = aligned.text; /* the compiler would know what it should be */
    (void)args;
    for (int i = 0; i < ZEROS; i++)
        nonzero += zeros[i] != 0;
    printf("tls words");
    for (int i = 0; i < WORDS; i++)
        printf(" %lx", tls_words[i]);
    printf("\ntls zeros: %d are not, '%s' at %d\n", nonzero, aligned.text,
           (int)((uintptr_t)where % ALIGNMENT));
    memset(zeros, 1, sizeof(zeros));
}

/* Constructors and destructors leave a letter each. */
static char notes[NOTES];
static int count, saw_arguments, spoke;

static void note(char letter, int argc, char **argv)
{
    if (count < NOTES - 1)
        notes[count++] = letter;
    saw_arguments += argc > 0 && argv[0] != NULL && argv[argc] == NULL;
    tls_words[0] += 0; /* they may use all that main may */
}

#define CONSTRUCTOR(letter, priority)                                                              \
    __attribute__((constructor(priority))) static void make_##letter(int argc, char **argv)        \
    {                                                                                              \
        note(#letter[0], argc, argv);                                                              \
    }
CONSTRUCTOR(a, 101)
CONSTRUCTOR(b, 102)
CONSTRUCTOR(c, 103)
CONSTRUCTOR(d, 104)
CONSTRUCTOR(e, 105)

/* Before all of them. */
static void make_p(int argc, char **argv)
{
    note('p', argc, argv);
}
__attribute__((section(".preinit_array"), used)) static void (*const first)(int, char **) = make_p;

/* order: which constructors ran, and how many of them saw the arguments */
void show_order(char **args)
{
    (void)args;
    printf("order %s, %d saw the arguments\n", notes, saw_arguments);
    spoke = 1;
}

__attribute__((destructor(101))) static void unmake_last(void)
{
    if (spoke)
        printf("order at the end: last\n");
    fflush(stdout);
}

__attribute__((destructor(102))) static void unmake_first(void)
{
    if (spoke)
        printf("order at the end: first\n");
}
