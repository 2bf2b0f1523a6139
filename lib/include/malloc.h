/* The heap's names that are not standard C; all are declared in stdlib.h. */
#ifndef _MALLOC_H
#define _MALLOC_H

#include <stdlib.h>

#endif
