/*
 * t-fp - every floating-point register keeps its value in each of several threads, while others compute
 * with all of theirs, and across system calls.
 */
#include "check.h"
#include "fp.h"

#include <pthread.h>

enum { NTHREADS = 4 };

int main(void)
{
    pthread_t t[NTHREADS];
    for (long i = 0; i < NTHREADS; i++)
        EQUAL(
            pthread_create(&t[i], NULL, i % 2 ? fp_holds_in_thread : fp_computes, (void *)(i + 1)),
            0);
    fp_holds(0x123456789abcdef);
    for (int i = 0; i < NTHREADS; i++)
        pthread_join(t[i], NULL);
    return check_end("t-fp");
}
