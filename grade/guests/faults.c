/* Threads of one process that touch the same new pages at the same time, while others map, unmap and
 * fork: no write may be lost, and no child may see what was written after it was made. */
#include "check.h"

#include <pthread.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { THREADS = 4, PAGES = 48, PAGE = 4096, ROUNDS = 120, LOOKS = 300 };

static unsigned char *volatile area;
static pthread_barrier_t start, done;
static volatile int round_number;

/* Thread n writes to byte n of every page: of each page, somebody is the first to touch it. */
static void *touch(void *arg)
{
    size_t n = (size_t)arg;
    for (int round = 0; round < ROUNDS; round++) {
        pthread_barrier_wait(&start);
        for (size_t i = 0; i < PAGES; i++)
            area[(i * (n + 1) * 7 % PAGES) * PAGE + n] = (unsigned char)round_number;
        for (size_t i = 0; i < PAGES; i++)
            area[i * PAGE + n] = (unsigned char)round_number;
        pthread_barrier_wait(&done);
    }
    return NULL;
}

/* Its own mappings, next to those of the others. */
static void *map_and_unmap(void *arg)
{
    for (int i = 0; i < ROUNDS * 4; i++) {
        size_t size = (size_t)(1 + i % 5) * PAGE;
        unsigned char *p =
            mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        CHECK(p != MAP_FAILED);
        for (size_t at = 0; at < size; at += PAGE)
            CHECK(p[at] == 0 && (p[at] = 1));
        CHECK(munmap(p, size) == 0);
    }
    return arg;
}

/* The child's copy stands still, whatever the parent's threads go on writing. */
static void check_child(void)
{
    unsigned char seen[PAGES * THREADS];
    for (size_t i = 0; i < PAGES * THREADS; i++)
        seen[i] = area[i / THREADS * PAGE + i % THREADS];
    for (int look = 0; look < LOOKS; look++)
        for (size_t i = 0; i < PAGES * THREADS; i++)
            if (seen[i] != area[i / THREADS * PAGE + i % THREADS])
                _exit(1);
    for (size_t i = 0; i < PAGES; i++)
        area[i * PAGE + i % THREADS] = 255;
    _exit(0);
}

static void run_round(int round)
{
    size_t size = (size_t)PAGES * PAGE;
    int status;
    area = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    CHECK(area != MAP_FAILED);
    round_number = round % 200 + 1;
    pthread_barrier_wait(&start);
    pid_t pid = round % 4 == 0 ? fork() : -1;
    if (pid == 0)
        check_child();
    pthread_barrier_wait(&done);
    for (size_t i = 0; i < PAGES * THREADS; i++)
        CHECK(area[i / THREADS * PAGE + i % THREADS] == round_number);
    CHECK(pid < 0 || (waitpid(pid, &status, 0) == pid && status == 0));
    CHECK(munmap(area, size) == 0);
}

int main(void)
{
    pthread_t threads[THREADS + 1];
    CHECK(pthread_barrier_init(&start, NULL, THREADS + 1) == 0);
    CHECK(pthread_barrier_init(&done, NULL, THREADS + 1) == 0);
    for (size_t n = 0; n < THREADS; n++)
        CHECK(pthread_create(&threads[n], NULL, touch, (void *)n) == 0);
    CHECK(pthread_create(&threads[THREADS], NULL, map_and_unmap, NULL) == 0);
    for (int round = 0; round < ROUNDS; round++)
        run_round(round);
    for (size_t n = 0; n <= THREADS; n++)
        CHECK(pthread_join(threads[n], NULL) == 0);
    puts("faults ok");
    return 0;
}
