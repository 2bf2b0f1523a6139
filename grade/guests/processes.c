/* Processes: fork, pipes, exec, wait, posix_spawn, system, popen, and how they end. */
#include "check.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN = 20, BYTES = 300000 };

extern char **environ;

static int status_of(pid_t pid)
{
    int status;
    CHECK(waitpid(pid, &status, 0) == pid);
    return status;
}

/* Each child has its own copy of `mine`, and the parent its own. */
static void check_fork(void)
{
    int mine = 5, seen = 0;
    pid_t pids[CHILDREN];
    fflush(stdout);
    for (int i = 0; i < CHILDREN; i++) {
        pids[i] = fork();
        CHECK(pids[i] >= 0);
        if (pids[i] == 0) {
            mine += i;
            _exit(mine == 5 + i ? i : 99);
        }
    }
    for (int i = 0; i < CHILDREN; i++) {
        int status;
        pid_t pid = wait(&status);
        CHECK(pid > 0 && WIFEXITED(status));
        CHECK(pid == pids[WEXITSTATUS(status)]);
        seen |= 1 << WEXITSTATUS(status);
    }
    CHECK(mine == 5 && seen == (1 << CHILDREN) - 1);
    CHECK(wait(NULL) < 0 && errno == ECHILD);
}

static void check_pipe(void)
{
    int fds[2];
    unsigned char buffer[7001];
    CHECK(pipe(fds) == 0);
    pid_t pid = fork();
    CHECK(pid >= 0);
    if (pid == 0) {
        close(fds[0]);
        FILE *out = fdopen(fds[1], "w");
        for (int i = 0; i < BYTES; i++)
            putc(i % 251, out);
        exit(fclose(out) != 0);
    }
    close(fds[1]);
    long total = 0;
    for (ssize_t n; (n = read(fds[0], buffer, sizeof(buffer))) > 0; total += n)
        for (ssize_t i = 0; i < n; i++)
            CHECK(buffer[i] == (total + i) % 251);
    CHECK(total == BYTES && status_of(pid) == 0);
    close(fds[0]);
}

static void check_signals(void)
{
    pid_t pid = fork();
    if (pid == 0)
        for (;;)
            pause();
    CHECK(kill(pid, SIGTERM) == 0);
    int status = status_of(pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    if ((pid = fork()) == 0)
        abort();
    status = status_of(pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    if ((pid = fork()) == 0) {
        int fds[2];
        CHECK(pipe(fds) == 0 && close(fds[0]) == 0);
        (void)!write(fds[1], "x", 1);
        _exit(0);
    }
    status = status_of(pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE);
}

static void check_spawn(void)
{
    char *const argv[] = {"sh", "-c", "exit $NUMBER", NULL};
    pid_t pid;
    CHECK(setenv("NUMBER", "41", 1) == 0);
    CHECK(posix_spawn(&pid, "/bin/sh", NULL, NULL, argv, environ) == 0);
    CHECK(WEXITSTATUS(status_of(pid)) == 41);
    CHECK(posix_spawn(&pid, "/bin/nothing", NULL, NULL, argv, environ) == ENOENT);
    CHECK(posix_spawnp(&pid, "true", NULL, NULL, (char *[]){"true", NULL}, environ) == 0);
    CHECK(status_of(pid) == 0);
    CHECK(WEXITSTATUS(system("exit 3")) == 3 && system("true | cat") == 0);
    CHECK(system(NULL) != 0);
}

static void check_popen(void)
{
    int words, lines;
    FILE *in = popen("echo one two three | wc -w", "r");
    CHECK(in && fscanf(in, "%d", &words) == 1 && words == 3 && pclose(in) == 0);
    FILE *out = popen("wc -l > /tmp/lines", "w");
    CHECK(out && fputs("a\nb\nc\n", out) >= 0 && pclose(out) == 0);
    FILE *result = fopen("/tmp/lines", "r");
    CHECK(result && fscanf(result, "%d", &lines) == 1 && lines == 3 && fclose(result) == 0);
    CHECK(unlink("/tmp/lines") == 0);
}

int main(void)
{
    check_fork();
    check_pipe();
    check_signals();
    check_spawn();
    check_popen();
    puts("processes ok");
    return 0;
}
