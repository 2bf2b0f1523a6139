/* threads.c - starting threads and waiting for their end. */
#include "threads.h"

#include "check.h"

pthread_t start_thread(void *(*fn)(void *), void *arg)
{
    pthread_t t = NULL;
    EQUAL(pthread_create(&t, NULL, fn, arg), 0);
    return t;
}

void *join_thread(pthread_t t)
{
    void *result = NULL;
    EQUAL(pthread_join(t, &result), 0);
    return result;
}
