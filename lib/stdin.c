/* stdin.c - the standard input. */
#include "file.h"

#include <unistd.h>

static unsigned char buffer[BUFSIZ];

FILE __stdin_file = {.fd = STDIN_FILENO, .read = read, .buf = buffer, .cap = sizeof(buffer)};
