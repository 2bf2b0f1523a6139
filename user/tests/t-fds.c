/* t-fds - all descriptors in use: errors, no leaks, and everything works again afterwards. */
#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MAX = 4096, WANTED_LIMIT = 64 };

static int fds[MAX];

static int limit(void)
{
    struct rlimit l;
    CHECK(getrlimit(RLIMIT_NOFILE, &l) == 0);
    if (l.rlim_cur > WANTED_LIMIT) {
        l.rlim_cur = WANTED_LIMIT;
        CHECK(setrlimit(RLIMIT_NOFILE, &l) == 0);
    }
    return (int)l.rlim_cur;
}

/* Takes every descriptor there is; returns how many. */
static int take_all(int (*one)(void))
{
    int n = 0;
    while (n < MAX && (fds[n] = one()) >= 0)
        n++;
    EQUAL(errno, EMFILE);
    return n;
}

static void give_back(int n)
{
    for (int i = 0; i < n; i++)
        EQUAL(close(fds[i]), 0);
}

static int open_one(void)
{
    return open("/dev/null", O_RDWR);
}

static int dup_one(void)
{
    return dup(0);
}

static int create_one(void)
{
    return open("/tmp/t-fds", O_RDWR | O_CREAT, 0666);
}

static void test_pipe_needs_two(int n)
{
    int pair[2] = {-7, -7};
    EQUAL(pipe(pair), -1);
    EQUAL(errno, EMFILE);
    close(fds[n - 1]); /* one free: still not enough, and it must stay free */
    EQUAL(pipe(pair), -1);
    EQUAL(errno, EMFILE);
    CHECK(pair[0] == -7 && pair[1] == -7);
    fds[n - 1] = dup(0);
    CHECK(fds[n - 1] >= 0);
    close(fds[n - 1]);
    close(fds[n - 2]);
    EQUAL(pipe(pair), 0);
    fds[n - 1] = pair[0];
    fds[n - 2] = pair[1];
}

int main(void)
{
    static int (*const takers[])(void) = {open_one, dup_one, create_one};
    int most = limit(), first = dup(0);
    close(first);
    for (int round = 0; round < 3; round++) {
        int n = take_all(takers[round]);
        CHECK(n > 4 && n <= most - first);
        EQUAL(dup2(0, most), -1);
        EQUAL(errno, EBADF);
        EQUAL(dup2(0, fds[0]), fds[0]); /* onto an open one it needs none */
        test_pipe_needs_two(n);
        give_back(n);
    }
    int lowest = dup(0);
    EQUAL(lowest, first); /* the lowest free one is given */
    close(lowest);
    unlink("/tmp/t-fds");
    return check_end("t-fds");
}
