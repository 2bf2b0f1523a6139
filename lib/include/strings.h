/* Case-blind comparison; declared with the other string functions. */
#ifndef _STRINGS_H
#define _STRINGS_H

#include <string.h>

#endif
