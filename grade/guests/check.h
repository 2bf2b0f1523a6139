/* What the guests share: a check that fails says where, and ends the process with status 1. */
#ifndef GUESTS_CHECK_H
#define GUESTS_CHECK_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: failed: %s (errno: %s)\n", __FILE__, __LINE__, #condition,     \
                    strerror(errno));                                                              \
            exit(1);                                                                               \
        }                                                                                          \
    } while (0)

#endif
