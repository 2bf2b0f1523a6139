/*
 * t-fp-procs - every floating-point register keeps its value: in processes and their threads, over
 * fork and exec.
 */
#include "check.h"
#include "fp.h"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NPROCESSES = 4, NTHREADS = 4 };

static void process(void *arg)
{
    pthread_t t[NTHREADS];
    for (int i = 0; i < NTHREADS; i++)
        if (pthread_create(&t[i], NULL, fp_holds_in_thread, (char *)arg + i + 1) != 0)
            check_fail("pthread_create");
    fp_holds((unsigned long)arg);
    for (int i = 0; i < NTHREADS; i++)
        pthread_join(t[i], NULL);
}

static void compute(void *arg)
{
    fp_computes(arg);
}

/* A child has the parent's registers, and its own from then on. */
static void test_fork(void)
{
    double kept;
    __asm__ volatile("fcvt.d.w fs0, %1\n fmv.d %0, fs0" : "=f"(kept) : "r"(17) : "fs0");
    pid_t pid = fork();
    kept += 1;
    if (pid == 0)
        _exit(kept == 18 ? 0 : 1);
    kept += 1;
    int status = -1;
    CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    CHECK(kept == 19);
}

/* A new program must not see what others left in the registers. */
static void test_exec(const char *self)
{
    for (int i = 0; i < 8; i++) {
        int status = -1;
        pid_t pid = fork();
        if (pid == 0) {
            fp_changed(0x5ec3e7, 1000, 0);
            execl(self, "t-fp-procs", "registers", (char *)NULL);
            _exit(1);
        }
        CHECK(waitpid(pid, &status, 0) == pid && status == 0);
    }
}

int main(int argc, char **argv)
{
    int status;
    if (argc > 1)
        return fp_nonzero() > 0;
    if (on_onering())
        test_exec(argv[0]);
    test_fork();
    for (long i = 0; i < NPROCESSES; i++) {
        pid_t pid = fork();
        if (pid == 0)
            _exit(in_child(i % 2 ? process : compute, (void *)(0x1000 * (i + 1))) != 0);
        CHECK(pid > 0);
    }
    for (int i = 0; i < NPROCESSES; i++)
        CHECK(wait(&status) > 0 && status == 0);
    fp_holds(0x123456789abcdef);
    return check_end("t-fp-procs");
}
