/*
 * interrupt.c - ^C while the shell itself is at work, in a loop of builtins or waiting.
 *
 * A program in the foreground gets SIGINT, and dies of it. When there is none, the shell gets it. It
 * blocks the signal (jobs.c), so that it waits until the shell looks: after each command, and
 * now and then while it waits for something else.
 */
#include "sh.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>

enum { LOOK_MS = 20 }; /* how often who waits looks */

/* Ignoring a signal makes the system forget one that waits. */
void interrupt_forget(void)
{
    signal(SIGINT, SIG_IGN);
    signal(SIGINT, SIG_DFL);
}

void interrupt_line(void)
{
    if (!sh.interrupted)
        fputc('\n', stderr);
    sh.interrupted = 1;
}

void interrupt_poll(void)
{
    sigset_t pending;
    if (!sh.interactive || sigpending(&pending) != 0 || !sigismember(&pending, SIGINT))
        return;
    interrupt_forget();
    interrupt_line();
}

int interrupt_wait(void)
{
    usleep(LOOK_MS * 1000);
    interrupt_poll();
    return sh.interrupted;
}

int interrupt_wait_input(void)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    while (sh.interactive && !sh.interrupted && poll(&input, 1, LOOK_MS) == 0)
        interrupt_poll();
    return sh.interrupted;
}
