/* stderr.c - the standard error output. Nothing is kept back, yet one call makes one write. */
#include "file.h"

#include <unistd.h>

static unsigned char buffer[128];

FILE __stderr_file = {.fd = STDERR_FILENO, .flags = F_NONE, .buf = buffer, .cap = sizeof(buffer)};
