/* twothreads - two threads count by turns; a mutex and a condition variable keep the order. */
#include <pthread.h>
#include <stdio.h>

enum { ROUNDS = 5, NTHREADS = 2 };

struct counter {
    const char *name;
    int turn; /* this thread's: it counts when the global turn is its own */
    int count;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t turned = PTHREAD_COND_INITIALIZER;
static int turn; /* guarded by lock */

static void *count(void *arg)
{
    struct counter *c = arg;
    while (c->count < ROUNDS) {
        pthread_mutex_lock(&lock);
        while (turn != c->turn)
            pthread_cond_wait(&turned, &lock);
        printf("%s %d\n", c->name, ++c->count);
        turn = (turn + 1) % NTHREADS;
        pthread_cond_broadcast(&turned);
        pthread_mutex_unlock(&lock);
    }
    return c;
}

int main(void)
{
    struct counter counters[NTHREADS] = {{"tick", 0, 0}, {"tock", 1, 0}};
    pthread_t threads[NTHREADS];
    int total = 0;
    for (int i = 0; i < NTHREADS; i++)
        if (pthread_create(&threads[i], NULL, count, &counters[i]) != 0) {
            puts("twothreads: cannot create a thread");
            return 1;
        }
    for (int i = 0; i < NTHREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        total += ((struct counter *)result)->count;
    }
    printf("counted to %d\n", total);
    return total == NTHREADS * ROUNDS ? 0 : 1;
}
