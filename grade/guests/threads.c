/* Threads: mutex, condition variable, thread-local storage, barrier, rwlock, once, semaphore. */
#include "check.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

enum { THREADS = 8, ROUNDS = 3000, ITEMS = 4000, CAPACITY = 4 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_barrier_t barrier;
static pthread_once_t once = PTHREAD_ONCE_INIT;
static pthread_key_t key;
static volatile long counter; /* guarded by lock; volatile: each step is a load and a store */
static int once_ran, destroyed;
static __thread long local = 100;
static __thread char local_text[64] = "initial";

static void count_once(void)
{
    once_ran++;
}

static void destroy(void *value)
{
    CHECK(value == pthread_getspecific(key) || !pthread_getspecific(key));
    __atomic_add_fetch(&destroyed, 1, __ATOMIC_RELAXED);
}

static void *count(void *arg)
{
    intptr_t number = (intptr_t)arg;
    CHECK(local == 100 && strcmp(local_text, "initial") == 0);
    CHECK(pthread_once(&once, count_once) == 0 && pthread_setspecific(key, &local) == 0);
    sprintf(local_text, "thread %ld", (long)number);
    pthread_barrier_wait(&barrier);
    for (int i = 0; i < ROUNDS; i++) {
        CHECK(pthread_mutex_lock(&lock) == 0);
        counter = counter + 1;
        CHECK(pthread_mutex_unlock(&lock) == 0);
        local += number;
        errno = (int)number + 1;
        if (i % 64 == 0)
            sched_yield();
        CHECK(errno == number + 1);
    }
    char expected[64];
    sprintf(expected, "thread %ld", (long)number);
    CHECK(strcmp(local_text, expected) == 0 && pthread_getspecific(key) == &local);
    return (void *)local;
}

static void check_counting(void)
{
    pthread_t threads[THREADS];
    CHECK(pthread_barrier_init(&barrier, NULL, THREADS) == 0 &&
          pthread_key_create(&key, destroy) == 0);
    for (intptr_t i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, count, (void *)i) == 0);
    for (intptr_t i = 0; i < THREADS; i++) {
        void *result;
        CHECK(pthread_join(threads[i], &result) == 0 && (intptr_t)result == 100 + i * ROUNDS);
    }
    CHECK(counter == THREADS * ROUNDS && once_ran == 1 && destroyed == THREADS && local == 100);
}

/* A bounded buffer between producers and consumers. */
static struct {
    pthread_mutex_t lock;
    pthread_cond_t not_full, not_empty;
    int items[CAPACITY], used, first, done;
    long sum;
} queue = {
    PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, PTHREAD_COND_INITIALIZER, {0}, 0, 0, 0, 0};

static void *produce(void *arg)
{
    for (int i = 1; i <= ITEMS; i++) {
        pthread_mutex_lock(&queue.lock);
        while (queue.used == CAPACITY)
            pthread_cond_wait(&queue.not_full, &queue.lock);
        queue.items[(queue.first + queue.used++) % CAPACITY] = i;
        pthread_cond_signal(&queue.not_empty);
        pthread_mutex_unlock(&queue.lock);
    }
    return arg;
}

static void *consume(void *arg)
{
    pthread_mutex_lock(&queue.lock);
    while (queue.done < 2 * ITEMS) {
        if (queue.used == 0) {
            pthread_cond_wait(&queue.not_empty, &queue.lock);
            continue;
        }
        queue.sum += queue.items[queue.first];
        queue.first = (queue.first + 1) % CAPACITY;
        queue.used--;
        if (++queue.done == 2 * ITEMS)
            pthread_cond_broadcast(&queue.not_empty);
        pthread_cond_signal(&queue.not_full);
    }
    pthread_mutex_unlock(&queue.lock);
    return arg;
}

static void check_queue(void)
{
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, i < 2 ? produce : consume, NULL) == 0);
    for (int i = 0; i < 4; i++)
        CHECK(pthread_join(threads[i], NULL) == 0);
    CHECK(queue.sum == (long)ITEMS * (ITEMS + 1) && queue.used == 0);
}

static void check_timed_wait(void)
{
    pthread_cond_t never = PTHREAD_COND_INITIALIZER;
    struct timespec until;
    CHECK(clock_gettime(CLOCK_REALTIME, &until) == 0);
    until.tv_nsec += 20000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    CHECK(pthread_mutex_lock(&lock) == 0);
    CHECK(pthread_cond_timedwait(&never, &lock, &until) == ETIMEDOUT);
    CHECK(pthread_mutex_unlock(&lock) == 0);
    struct timespec now;
    CHECK(clock_gettime(CLOCK_REALTIME, &now) == 0);
    CHECK(now.tv_sec > until.tv_sec ||
          (now.tv_sec == until.tv_sec && now.tv_nsec >= until.tv_nsec));
}

static sem_t ping, pong;
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static long left, right; /* equal whenever rwlock is not held for writing */

static void *answer(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        CHECK(sem_wait(&ping) == 0);
        pthread_rwlock_wrlock(&rwlock);
        left++;
        right++;
        pthread_rwlock_unlock(&rwlock);
        CHECK(sem_post(&pong) == 0);
    }
    return arg;
}

static void *observe(void *arg)
{
    for (long seen = 0; seen < ROUNDS;) {
        pthread_rwlock_rdlock(&rwlock);
        CHECK(left == right);
        seen = left;
        pthread_rwlock_unlock(&rwlock);
        sched_yield();
    }
    return arg;
}

static void check_semaphores(void)
{
    pthread_t answering, observing;
    CHECK(sem_init(&ping, 0, 0) == 0 && sem_init(&pong, 0, 0) == 0);
    CHECK(pthread_create(&answering, NULL, answer, NULL) == 0);
    CHECK(pthread_create(&observing, NULL, observe, NULL) == 0);
    for (int i = 0; i < ROUNDS; i++)
        CHECK(sem_post(&ping) == 0 && sem_wait(&pong) == 0);
    CHECK(pthread_join(answering, NULL) == 0 && pthread_join(observing, NULL) == 0);
    CHECK(left == ROUNDS);
}

static void *end(void *arg)
{
    return arg;
}

static void check_many(void)
{
    for (int i = 0; i < 300; i++) {
        pthread_t thread;
        CHECK(pthread_create(&thread, NULL, end, NULL) == 0);
        CHECK((i % 3 ? pthread_join(thread, NULL) : pthread_detach(thread)) == 0);
    }
}

int main(void)
{
    check_counting();
    check_queue();
    check_timed_wait();
    check_semaphores();
    check_many();
    puts("threads ok");
    return 0;
}
