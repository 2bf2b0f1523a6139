/*
 * t-init - what runs before and after main, in which order; thread-local variables; what the kernel tells
 * a program about its machine.
 */
#include "check.h"

#include <elf.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

/* ---- constructors and destructors; a letter each, in the order in which they ran ---- */

static char order[16];
static int nran;

static void ran(char letter)
{
    order[nran++] = letter;
}

__attribute__((constructor)) static void last(void)
{
    ran('d');
}

__attribute__((constructor(300))) static void third(void)
{
    ran('c');
}

__attribute__((constructor(200))) static void second(void)
{
    ran('b');
}

static void first(void)
{
    ran('a');
}

__attribute__((section(".preinit_array"), used)) static void (*const preinit)(void) = first;

__attribute__((destructor(200))) static void ends_second(void)
{
    ran('z');
    if (strcmp(order + 4, "wxyz") != 0) {
        fprintf(stderr, "t-init: at exit the order was %s, not wxyz\n", order + 4);
        fflush(NULL);
        _exit(1);
    }
}

__attribute__((destructor(300))) static void ends_first(void)
{
    ran('y');
}

static void registered_first(void)
{
    ran('x');
}

static void registered_last(void)
{
    ran('w');
}

/* ---- thread-local variables ---- */

static __thread int value = 7;
static __thread char zeros[100];
static __thread uint64_t aligned __attribute__((aligned(64))) = 0x123456789abcdef0;

static int is_fresh(void)
{
    int all = value == 7 && aligned == 0x123456789abcdef0 && (uintptr_t)&aligned % 64 == 0;
    for (size_t i = 0; i < sizeof(zeros); i++)
        all &= zeros[i] == 0;
    return all;
}

static void *use_variables(void *main_value)
{
    CHECK(is_fresh());
    CHECK(&value != main_value);
    value = 8;
    memset(zeros, 'z', sizeof(zeros));
    aligned = 0;
    return NULL;
}

static void test_variables(void)
{
    pthread_t thread;
    CHECK(is_fresh());
    value = 9;
    for (int i = 0; i < 2; i++) { /* the second may get the memory of the first */
        CHECK(pthread_create(&thread, NULL, use_variables, &value) == 0);
        pthread_join(thread, NULL);
    }
    EQUAL(value, 9);
    CHECK(aligned == 0x123456789abcdef0);
}

/* ---- auxv ---- */

static void test_auxv(void)
{
    const Elf64_Phdr *header = (const Elf64_Phdr *)getauxval(AT_PHDR);
    unsigned long n = getauxval(AT_PHNUM);
    const unsigned char *random = (const unsigned char *)getauxval(AT_RANDOM);
    int any = 0;
    EQUAL(getauxval(AT_PAGESZ), 4096);
    EQUAL(getauxval(AT_PHENT), sizeof(Elf64_Phdr));
    CHECK(getauxval(AT_HWCAP) & 1 << ('i' - 'a'));
    EQUAL(getauxval(AT_SECURE), 0);
    CHECK(header != NULL && n > 0);
    while (n > 0 && header->p_type != PT_TLS)
        header++, n--;
    CHECK(n > 0 && header->p_memsz >= header->p_filesz + sizeof(zeros));
    for (int i = 0; random != NULL && i < 16; i++)
        any |= random[i];
    CHECK(any != 0);
}

int main(int argc, char **argv)
{
    CHECK(strcmp(order, "abcd") == 0);
    atexit(registered_first);
    atexit(registered_last);
    CHECK(argc >= 1 && argv[0] != NULL && argv[argc] == NULL);
    test_variables();
    test_auxv();
    return check_end("t-init");
}
