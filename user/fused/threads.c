/*
 * threads - pthreads where system calls are function calls: threads that compute, wait for each other
 * and have variables of their own. Says "threads: ok", or what is wrong.
 */
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { THREADS = 8, ROUNDS = 2000, TURNS = 1000 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static int counter, turn;
static __thread int own = 42;

static void *count(void *arg)
{
    own += (int)(long)arg;
    for (int i = 0; i < ROUNDS; i++) {
        pthread_mutex_lock(&lock);
        counter++;
        pthread_mutex_unlock(&lock);
    }
    return (void *)(long)own;
}

/* Waits for its turn and gives it to the other. */
static void *play(void *arg)
{
    int me = (int)(long)arg;
    for (int i = 0; i < TURNS; i++) {
        pthread_mutex_lock(&lock);
        while (turn % 2 != me)
            pthread_cond_wait(&changed, &lock);
        turn++;
        pthread_cond_broadcast(&changed);
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

static void *nap(void *arg)
{
    struct timespec time = {0, 20000000};
    nanosleep(&time, NULL);
    return arg;
}

static int test_counting(void)
{
    pthread_t threads[THREADS];
    for (long i = 0; i < THREADS; i++) {
        int error = pthread_create(&threads[i], NULL, count, (void *)i);
        if (error) {
            printf("threads: pthread_create: %s\n", strerror(error));
            return 0;
        }
    }
    int right = 1;
    for (long i = 0; i < THREADS; i++) {
        void *result;
        pthread_join(threads[i], &result);
        right &= (long)result == 42 + i;
    }
    return right && counter == THREADS * ROUNDS && own == 42;
}

static int test_turns(void)
{
    pthread_t other;
    pthread_create(&other, NULL, play, (void *)1);
    play(NULL);
    pthread_join(other, NULL);
    return turn == 2 * TURNS;
}

/* Sleepers sleep together, not one after the other. */
static int test_sleep(void)
{
    pthread_t threads[THREADS];
    struct timespec before, after;
    clock_gettime(CLOCK_MONOTONIC, &before);
    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, nap, NULL);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    clock_gettime(CLOCK_MONOTONIC, &after);
    long ms = (after.tv_sec - before.tv_sec) * 1000 + (after.tv_nsec - before.tv_nsec) / 1000000;
    return ms >= 20;
}

int main(void)
{
    int ok = test_counting() && test_turns() && test_sleep();
    puts(ok ? "threads: ok" : "threads: FAILED");
    return !ok;
}
