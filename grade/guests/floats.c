/* Floating point under preemption: many processes of many threads compute the same in ways of their
 * own, each with a rounding mode of its own, and must all find what one alone finds. */
#include "check.h"

#include <fenv.h>
#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES = 4, THREADS = 4, STEPS = 60000 };

static const int modes[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};

/* Keeps a dozen values in registers all the time. */
static double compute(unsigned seed)
{
    volatile double third = 1.0 / 3.0; /* rounded by the mode of the moment */
    double a = seed + 1, b = a * third, c = b + 0.1, d = c * 0.7, e = d - 2.5, f = e * e;
    for (int i = 1; i <= STEPS; i++) {
        double x = a / i;
        a = a * 0.999999 + b * 1e-6;
        b = b + x * third;
        c = c * 0.5 + d * 0.25 + e * 0.125;
        d = d - c * 1e-3;
        e = e * 0.9 + f * 1e-4;
        f = fabs(f - e) + 1.0 / (i + seed);
    }
    return a + b + c + d + e + f;
}

static void *work(void *arg)
{
    unsigned number = (unsigned)(uintptr_t)arg;
    CHECK(fesetround(modes[number % 4]) == 0);
    double *result = malloc(sizeof(*result));
    *result = compute(number / 4);
    CHECK(fegetround() == modes[number % 4]);
    return result;
}

static void compare(const double *alone)
{
    pthread_t threads[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, work, (void *)i) == 0);
    for (int i = 0; i < THREADS; i++) {
        void *result;
        CHECK(pthread_join(threads[i], &result) == 0);
        CHECK(memcmp(result, &alone[i], sizeof(double)) == 0);
        free(result);
    }
}

int main(void)
{
    double alone[THREADS];
    for (uintptr_t i = 0; i < THREADS; i++)
        alone[i] = *(double *)work((void *)i);
    CHECK(fesetround(FE_TONEAREST) == 0 && alone[0] != alone[1] && alone[1] != alone[2]);
    for (int i = 0; i < PROCESSES; i++) {
        pid_t pid = fork();
        CHECK(pid >= 0);
        if (pid == 0) {
            compare(alone);
            _exit(0);
        }
    }
    compare(alone);
    for (int i = 0; i < PROCESSES; i++) {
        int status;
        CHECK(wait(&status) > 0 && status == 0);
    }
    puts("floats ok");
    return 0;
}
