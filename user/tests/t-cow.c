/*
 * t-cow - after fork both sides see the old memory, and neither sees what the other writes: by its
 * own stores or through the kernel, in any order, over several generations.
 */
#include "check.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PAGE = 4096, NPAGES = 32 };

static char
    *area; /* NPAGES; page i begins with i, here and in all children, until somebody writes */
static char data[2 * PAGE] = "data";
static char bss[2 * PAGE];

static void fill(char mark)
{
    for (int i = 0; i < NPAGES; i++)
        memset(area + i * PAGE, mark + i, PAGE);
}

static int holds(int page, char value)
{
    for (int i = 0; i < PAGE; i++)
        if (area[page * PAGE + i] != value)
            return 0;
    return 1;
}

static int all_hold(char mark)
{
    int ok = 1;
    for (int i = 0; i < NPAGES; i++)
        ok &= holds(i, mark + i);
    return ok;
}

/* A meeting point: one side says it is there, the other waits for it. */
struct gate {
    int fds[2];
};

static void gate_make(struct gate *g)
{
    CHECK(pipe(g->fds) == 0);
}

static void gate_open(struct gate *g)
{
    CHECK(write(g->fds[1], "x", 1) == 1);
}

static void gate_wait(struct gate *g)
{
    char c;
    CHECK(read(g->fds[0], &c, 1) == 1);
}

static void gate_close(struct gate *g)
{
    close(g->fds[0]);
    close(g->fds[1]);
}

static void end_child(pid_t pid)
{
    int status = -1;
    CHECK(waitpid(pid, &status, 0) == pid);
    EQUAL(status, 0);
}

static int failures; /* of a child, as its exit status */

#define CHILD_CHECK(e) (failures += !CHECK(e))

/* The parent writes first: the child must not see it. */
static void test_parent_writes(void)
{
    struct gate written;
    gate_make(&written);
    fill('a');
    pid_t pid = fork();
    if (pid == 0) {
        gate_wait(&written);
        CHILD_CHECK(all_hold('a'));
        CHILD_CHECK(strcmp(data, "data") == 0 && bss[0] == 0);
        fill('c');
        CHILD_CHECK(all_hold('c'));
        _exit(failures);
    }
    fill('b');
    strcpy(data, "changed");
    bss[0] = 1;
    gate_open(&written);
    end_child(pid);
    CHECK(all_hold('b'));
    strcpy(data, "data");
    bss[0] = 0;
    gate_close(&written);
}

/* The child writes first. */
static void test_child_writes(void)
{
    struct gate written, seen;
    gate_make(&written);
    gate_make(&seen);
    fill('a');
    pid_t pid = fork();
    if (pid == 0) {
        fill('c');
        data[0] = 'D';
        gate_open(&written);
        gate_wait(&seen);
        CHILD_CHECK(all_hold('c') && data[0] == 'D');
        _exit(failures);
    }
    gate_wait(&written);
    CHECK(all_hold('a') && data[0] == 'd');
    fill('b'); /* the pages may be ours alone by now, or not */
    gate_open(&seen);
    end_child(pid);
    CHECK(all_hold('b'));
    gate_close(&written);
    gate_close(&seen);
}

/* The kernel writes into shared pages on behalf of one side. */
static void write_by_kernel(int page, char value)
{
    int fds[2];
    char bytes[PAGE];
    memset(bytes, value, sizeof(bytes));
    CHECK(pipe(fds) == 0);
    CHECK(write(fds[1], bytes, PAGE) == PAGE);
    for (int done = 0; done < PAGE;) {
        ssize_t n = read(fds[0], area + page * PAGE + done, PAGE - done);
        CHECK(n > 0);
        done += n > 0 ? (int)n : PAGE;
    }
    close(fds[0]);
    close(fds[1]);
}

static void test_kernel_writes(void)
{
    fill('a');
    pid_t pid = fork();
    if (pid == 0) {
        struct stat *st = (struct stat *)(area + 5 * PAGE);
        write_by_kernel(1, 'K');
        CHILD_CHECK(holds(1, 'K') && holds(0, 'a') && holds(2, 'c'));
        CHILD_CHECK(fstat(0, st) == 0);
        CHILD_CHECK(area[5 * PAGE + sizeof(*st)] == 'a' + 5);
        _exit(failures);
    }
    end_child(pid);
    CHECK(all_hold('a'));
    pid = fork();
    if (pid == 0) {
        sleep_ms(50);
        CHILD_CHECK(all_hold('a'));
        _exit(failures);
    }
    write_by_kernel(3, 'P');
    end_child(pid);
    CHECK(holds(3, 'P') && holds(2, 'c') && holds(4, 'e'));
}

/* Reading shared memory must not unshare it, writing must. (The kernel may give or take a few pages
 * for itself meanwhile.) */
static void test_reading_is_free(void)
{
    const long slack = 4 * PAGE;
    struct gate born, done;
    fill('a');
    gate_make(&born);
    gate_make(&done);
    pid_t pid = fork();
    if (pid == 0) {
        gate_open(&born);
        gate_wait(&done);
        _exit(failures);
    }
    gate_wait(&born);
    long before = free_memory();
    CHECK(all_hold('a'));
    long used = before - free_memory();
    CHECK(used <= slack);
    fill('z');
    used = before - free_memory();
    CHECK(used >= NPAGES * PAGE - slack && used <= NPAGES * PAGE + slack);
    gate_open(&done);
    end_child(pid);
    gate_close(&born);
    gate_close(&done);
}

/* Each generation changes one page, has a child, and checks what it inherited. */
static _Noreturn void first_generation(void)
{
    enum { GENERATIONS = 8 };
    for (int depth = 0; depth < GENERATIONS; depth++) {
        int status;
        area[depth * PAGE] = (char)('0' + depth);
        pid_t pid = fork();
        if (pid == 0)
            continue;
        for (int i = 0; i < GENERATIONS; i++)
            CHILD_CHECK(area[i * PAGE] == (i <= depth ? '0' + i : 'a' + i));
        CHILD_CHECK(waitpid(pid, &status, 0) == pid && status == 0);
        _exit(failures);
    }
    _exit(0);
}

static void test_generations(void)
{
    fill('a');
    pid_t pid = fork();
    if (pid == 0)
        first_generation();
    end_child(pid);
    CHECK(all_hold('a'));
}

/* Many children write the same pages at the same time, and so does the parent. */
static void test_crowd(void)
{
    enum { CROWD = 6, ROUNDS = 20 };
    for (int round = 0; round < ROUNDS; round++) {
        pid_t pids[CROWD];
        fill('a');
        for (int c = 0; c < CROWD; c++) {
            pids[c] = fork();
            if (pids[c] == 0) {
                fill((char)('A' + c));
                sched_yield();
                _exit(!all_hold((char)('A' + c)));
            }
        }
        fill('q');
        for (int c = 0; c < CROWD; c++)
            end_child(pids[c]);
        CHECK(all_hold('q'));
    }
}

int main(void)
{
    area = mmap(NULL, (size_t)NPAGES * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS,
                -1, 0);
    CHECK(area != MAP_FAILED);
    test_parent_writes();
    test_child_writes();
    test_kernel_writes();
    if (on_onering())
        test_reading_is_free();
    test_generations();
    test_crowd();
    return check_end("t-cow");
}
