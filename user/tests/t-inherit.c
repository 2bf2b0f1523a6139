/* t-inherit - a child gets all descriptors of its parent, as many as there can be. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { MAX = 4096 };

static int fds[MAX];

/* A child inherits all of them, and its own end frees none of ours. */
static void use_all(void *arg)
{
    int n = *(int *)arg;
    EQUAL(dup(0), -1);
    for (int i = 0; i < n; i++)
        EQUAL(fcntl(fds[i], F_GETFD), 0);
}

int main(void)
{
    int n = 0;
    while (n < MAX && (fds[n] = dup(0)) >= 0)
        n++;
    EQUAL(errno, EMFILE);
    EQUAL(in_child(use_all, &n), 0);
    for (int i = 0; i < n; i++)
        EQUAL(close(fds[i]), 0);
    return check_end("t-inherit");
}
