/* perror.c - the last error in words. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

void perror(const char *what)
{
    int err = errno;
    if (what != NULL && *what != '\0')
        fprintf(stderr, "%s: %s\n", what, strerror(err));
    else
        fprintf(stderr, "%s\n", strerror(err));
}
