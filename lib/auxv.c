/* auxv.c - looking things up in the auxiliary vector. */
#include "libc.h"

#include <sys/auxv.h>

unsigned long getauxval(unsigned long type)
{
    for (const unsigned long *pair = __auxv; pair[0] != AT_NULL; pair += 2)
        if (pair[0] == type)
            return pair[1];
    return 0;
}
