/* The compiler's limits of the integer types, and those of the system. */
#ifndef _ONERING_LIMITS_H
#define _ONERING_LIMITS_H

#include_next <limits.h>

#define SSIZE_MAX                     LONG_MAX
#define NAME_MAX                      255
#define PATH_MAX                      1024
#define PIPE_BUF                      4096
#define ARG_MAX                       131072
#define IOV_MAX                       1024
#define OPEN_MAX                      64
#define NGROUPS_MAX                   32
#define PTHREAD_KEYS_MAX              16
#define PTHREAD_STACK_MIN             4096
#define PTHREAD_DESTRUCTOR_ITERATIONS 4

#endif
