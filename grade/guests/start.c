/* Before and after main: constructors by priority, thread-local storage, arguments, environment, the
 * auxiliary vector, and at the end atexit and destructors. The last of these says that all is well. */
#include "check.h"

#include <stdint.h>
#include <sys/auxv.h>
#include <unistd.h>

extern char **environ;

static int steps; /* how far the program has come */

static void step(int expected)
{
    if (steps != expected) {
        fprintf(stderr, "start: step %d came when it was time for step %d\n", expected, steps);
        _exit(1);
    }
    steps = expected + 1;
}

__attribute__((constructor(300))) static void third(void)
{
    step(2);
}

__attribute__((constructor(101))) static void first(void)
{
    step(0);
}

__attribute__((constructor(200))) static void second(void)
{
    step(1);
}

__attribute__((constructor)) static void fourth(void)
{
    step(3);
}

static void registered_first(void)
{
    step(6);
}

static void registered_last(void)
{
    step(5);
}

__attribute__((destructor)) static void early(void)
{
    step(7);
}

__attribute__((destructor(101))) static void late(void)
{
    step(8);
    puts("start ok");
    fflush(stdout);
}

static __thread char one = 1;
static __thread struct {
    _Alignas(16) long words[40];
} aligned = {{7, 8, 9}};
static __thread long zeros[30];

static void check_thread_local(void)
{
    CHECK(one == 1 && aligned.words[2] == 9 && aligned.words[39] == 0);
    CHECK((uintptr_t)&aligned % 16 == 0);
    for (int i = 0; i < 30; i++)
        CHECK(zeros[i] == 0);
    zeros[29] = one = 5;
}

int main(int argc, char **argv)
{
    step(4);
    check_thread_local();
    CHECK(argc >= 1 && argv[0] && argv[argc] == NULL && environ != NULL);
    CHECK(setenv("START", "yes", 1) == 0 && strcmp(getenv("START"), "yes") == 0);
    CHECK(getauxval(AT_PAGESZ) == 4096 && getauxval(AT_PHDR) && getauxval(AT_RANDOM));
    CHECK(sysconf(_SC_PAGESIZE) == 4096);
    CHECK(atexit(registered_first) == 0 && atexit(registered_last) == 0);
    return 0;
}
