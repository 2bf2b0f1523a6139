/*
 * threads.h - threads of a test: their start and their end are checks.
 */
#ifndef THREADS_H
#define THREADS_H

#include <pthread.h>

pthread_t start_thread(void *(*fn)(void *), void *arg);
void *join_thread(pthread_t t); /* returns what it returned */

#endif
