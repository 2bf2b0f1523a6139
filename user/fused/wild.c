/*
 * wild - does what a program must not do, as its argument says. For tests of how a fused image reports
 * it; there is no process here that would die alone.
 */
#include <fcntl.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define KEEP __attribute__((noinline, noclone))

static const char constant[] = "constant";
static volatile char sink;

KEEP static void read_from(uintptr_t address)
{
    sink = *(volatile char *)address;
}

KEEP static void write_to(uintptr_t address)
{
    *(volatile char *)address = 1;
}

KEEP static void jump_to(uintptr_t address)
{
    ((void (*)(void))address)();
    sink = 1; /* or the jump would replace this function in the backtrace */
}

static const uint32_t ret = 0x00008067; /* machine code: ret */

KEEP static void jump_to_data(void)
{
    static uint32_t code;
    code = ret;
    jump_to((uintptr_t)&code);
}

KEEP static void write_to_none(void)
{
    char *p = mmap(NULL, 8192, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    mprotect(p + 4096, 4096, PROT_NONE);
    p[4095] = 1;
    write_to((uintptr_t)p + 4096);
}

KEEP static int overflow(int depth)
{
    volatile char frame[64];
    frame[0] = (char)depth;
    return overflow(depth + 1) + frame[0];
}

/* System calls all the way down: it is the kernel that runs out of stack. */
KEEP static int overflow_in_call(int fd)
{
    char name[16];
    lseek(fd, 0, SEEK_SET);
    for (int i = 0; i < 16; i++)
        name[i] = 'x';
    return open(name, O_RDONLY) + overflow_in_call(fd) + name[0];
}

static void *in_thread(void *arg)
{
    (void)arg;
    overflow(0);
    return NULL;
}

KEEP static void overflow_thread(void)
{
    pthread_t thread;
    pthread_create(&thread, NULL, in_thread, NULL);
    pthread_join(thread, NULL);
}

int main(int argc, char **argv)
{
    const char *what = argc > 1 ? argv[1] : "";
    puts(what);
    if (strcmp(what, "null-read") == 0)
        read_from(0);
    if (strcmp(what, "null-write") == 0)
        write_to(8);
    if (strcmp(what, "text") == 0)
        write_to((uintptr_t)read_from);
    if (strcmp(what, "constant") == 0)
        write_to((uintptr_t)constant);
    if (strcmp(what, "firmware") == 0)
        read_from(0x80000000);
    if (strcmp(what, "device") == 0)
        write_to(0x10000000);
    if (strcmp(what, "jump") == 0)
        jump_to(0x1234);
    if (strcmp(what, "data") == 0)
        jump_to_data();
    if (strcmp(what, "none") == 0)
        write_to_none();
    if (strcmp(what, "stack") == 0)
        overflow(0);
    if (strcmp(what, "call") == 0)
        overflow_in_call(0);
    if (strcmp(what, "thread") == 0)
        overflow_thread();
    puts("survived");
    return 0;
}
