/*
 * init - the first process.
 *
 * It runs a shell on the console, again and again; with -c COMMAND it runs that one and ends with
 * its status, upon which the kernel ends the machine. Meanwhile it waits for every process that
 * lost its parent. The kernel has mounted /dev and /tmp.
 */
#include <err.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { RETRY_SECONDS = 1 };

/* Descriptors 0, 1 and 2 are the console, whatever the kernel left open. */
static void open_console(void)
{
    int fd = open("/dev/console", O_RDWR);
    if (fd < 0)
        return; /* there is nobody to tell */
    for (int i = 0; i <= 2; i++)
        if (i != fd)
            dup2(fd, i);
    if (fd > 2)
        close(fd);
}

/* The shell gets a session of its own, with the console for its terminal and itself in front. */
static pid_t start(char *const argv[])
{
    pid_t pid = fork();
    if (pid != 0)
        return pid;
    setsid();
    ioctl(STDIN_FILENO, TIOCSCTTY, 0);
    tcsetpgrp(STDIN_FILENO, getpid());
    execv("/bin/sh", argv);
    warn("/bin/sh");
    _exit(127);
}

/* Waits for the shell, and for orphans until then. */
static int reap_until(pid_t shell)
{
    for (;;) {
        int status;
        pid_t pid = wait(&status);
        if (pid == shell)
            return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
        if (pid < 0)
            return 127;
    }
}

int main(int argc, char **argv)
{
    open_console();
    setenv("PATH", "/bin", 0);
    setenv("HOME", "/", 0);
    setenv("TERM", "vt100", 0);
    if (argc == 3 && strcmp(argv[1], "-c") == 0) {
        pid_t shell = start((char *[]){"sh", "-c", argv[2], NULL});
        if (shell < 0)
            err(1, "cannot start a shell");
        return reap_until(shell);
    }
    if (argc > 1) {
        fputs("usage: init [-c command]\n", stderr);
        return 2;
    }
    for (;;) {
        pid_t shell = start((char *[]){"sh", NULL});
        if (shell < 0 || reap_until(shell) == 127)
            sleep(RETRY_SECONDS); /* no memory or no shell: do not spin */
    }
}
