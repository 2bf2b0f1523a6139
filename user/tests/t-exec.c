/*
 * t-exec - executing what is no program, or a hostile one: refused with an error, or the death of
 * the process that asked for it; arguments and environment of those that are; memory comes back.
 */
#include "check.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char path[] = "/tmp/t-exec";

/* A whole program: exit_group(42). The words are machine code: li a7, 94; li a0, 42; ecall. */
struct image {
    Elf64_Ehdr header;
    Elf64_Phdr segments[2];
    uint32_t code[4];
};

enum { BASE = 0x10000, EXIT_42 = 42 };

static struct image good_image(void)
{
    struct image image = {
        .header = {.e_ident = {0x7f, 'E', 'L', 'F', ELFCLASS64, ELFDATA2LSB, EV_CURRENT},
                   .e_type = ET_EXEC,
                   .e_machine = EM_RISCV,
                   .e_version = EV_CURRENT,
                   .e_entry = BASE + offsetof(struct image, code),
                   .e_phoff = offsetof(struct image, segments),
                   .e_ehsize = sizeof(Elf64_Ehdr),
                   .e_phentsize = sizeof(Elf64_Phdr),
                   .e_phnum = 2},
        .segments = {{.p_type = PT_LOAD,
                      .p_flags = PF_R | PF_X,
                      .p_vaddr = BASE,
                      .p_filesz = sizeof(struct image),
                      .p_memsz = sizeof(struct image),
                      .p_align = 4096},
                     {.p_type = PT_LOAD,
                      .p_flags = PF_R | PF_W,
                      .p_vaddr = BASE + 0x10000,
                      .p_memsz = 4096,
                      .p_align = 4096}},
        .code = {0x05e00893, 0x02a00513, 0x00000073, 0},
    };
    return image;
}

static void write_file(const void *bytes, size_t n, mode_t mode)
{
    unlink(path);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
    CHECK(fd >= 0);
    CHECK(write(fd, bytes, n) == (ssize_t)n);
    close(fd);
}

/* Executes the file in a child. Returns -errno if it is refused, or the wait status. */
static int try(char *const argv[], char *const envp[])
{
    int status;
    pid_t pid = fork();
    if (pid == 0) {
        execve(path, argv, envp);
        _exit(errno);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    return WIFEXITED(status) && WEXITSTATUS(status) != EXIT_42 ? -WEXITSTATUS(status) : status;
}

static char *plain_argv[] = {"t-exec", NULL};

static void test_no_programs(void)
{
    static const struct {
        const char *bytes;
        size_t n;
    } junk[] = {{"", 0}, {"\n", 1}, {"x", 1}, {"\177ELF", 4}, {"\177ELF\2\1\1", 7}, {"MZ\0\0", 4}};
    for (size_t i = 0; i < sizeof(junk) / sizeof(junk[0]); i++) {
        write_file(junk[i].bytes, junk[i].n, 0755);
        EQUAL(try(plain_argv, environ), -ENOEXEC);
    }
    write_file("true\n", 5, 0644);
    EQUAL(try(plain_argv, environ), -EACCES);
    unlink(path);
    EQUAL(try(plain_argv, environ), -ENOENT);
    CHECK(mkdir(path, 0777) == 0);
    EQUAL(try(plain_argv, environ), -EACCES);
    rmdir(path);
}

/* What a broken image may come to: refused, or the process killed, but never the exit status 42. */
static void expect_broken(const struct image *image, size_t n, const char *what)
{
    write_file(image, n, 0755);
    int r = try(plain_argv, environ);
    int refused =
        r == -ENOEXEC || r == -ENOMEM || r == -EINVAL || r == -EFAULT || r == -EIO || r == -E2BIG;
    int killed = r > 0 && WIFSIGNALED(r) &&
                 (WTERMSIG(r) == SIGSEGV || WTERMSIG(r) == SIGKILL || WTERMSIG(r) == SIGBUS ||
                  WTERMSIG(r) == SIGILL);
    if (!CHECK(refused || killed))
        check_fail("%s: result %d", what, r);
}

#define BROKEN(change)                                                                             \
    do {                                                                                           \
        struct image image = good_image();                                                         \
        Elf64_Ehdr *header = &image.header;                                                        \
        Elf64_Phdr *segment = image.segments;                                                      \
        (void)header, (void)segment;                                                               \
        change;                                                                                    \
        expect_broken(&image, sizeof(image), #change);                                             \
    } while (0)

static void test_broken_headers(void)
{
    BROKEN(header->e_ident[4] = 1);
    BROKEN(header->e_ident[5] = 2);
    BROKEN(header->e_type = 1);
    BROKEN(header->e_machine = 62);
    BROKEN(header->e_phoff = 1UL << 40);
    BROKEN(header->e_phoff = -8UL);
    BROKEN(header->e_phoff = sizeof(struct image) - 8);
    BROKEN(header->e_phnum = 0);
    BROKEN(header->e_phnum = 0xffff);
    BROKEN(header->e_phentsize = 8);
    BROKEN(header->e_phentsize = 0);
    BROKEN(header->e_entry = 0);
    BROKEN(header->e_entry = 0x80200000);
    BROKEN(header->e_entry = -4UL);
    BROKEN(header->e_entry = BASE + 0x10000); /* not executable */
}

static void test_broken_segments(void)
{
    BROKEN(segment[0].p_vaddr = 0x80200000);
    BROKEN(segment[0].p_vaddr = 0xffffffff80200000);
    BROKEN(segment[0].p_vaddr = -4096UL);
    BROKEN(segment[0].p_offset = 1UL << 40);
    BROKEN(segment[0].p_offset = -4096UL);
    BROKEN(segment[0].p_filesz = segment[0].p_memsz = 1UL << 40);
    BROKEN(segment[0].p_filesz = segment[0].p_memsz = -1UL);
    BROKEN(segment[0].p_flags = PF_R);
    BROKEN(segment[0].p_memsz = -4096UL);
    BROKEN(segment[1].p_vaddr = 0x80200000);
    BROKEN(segment[1].p_vaddr = 0x7ffff000; segment[1].p_memsz = 0x10000000);
    BROKEN(segment[1].p_filesz = 8192);
    BROKEN(segment[1].p_memsz = 1UL << 45);
    BROKEN(segment[1].p_memsz = -1UL);
    BROKEN(segment[1].p_vaddr = BASE; segment[1].p_memsz = -BASE);
}

static void test_truncated(void)
{
    struct image image = good_image();
    for (size_t n = 0; n < sizeof(image) - sizeof(image.code); n += 24)
        expect_broken(&image, n, "truncated");
}

static void test_random(void)
{
    srand(1);
    for (int i = 0; i < 60; i++) {
        struct image image = good_image();
        for (int k = 0; k < 3; k++)
            ((unsigned char *)&image)[rand() % offsetof(struct image, code)] = rand();
        write_file(&image, sizeof(image), 0755);
        try(plain_argv, environ); /* any outcome will do, if there is one */
        CHECK(1);
    }
}

static void test_too_long(void)
{
    enum { ONE = 200000, MANY = 4000, EACH = 1000 };
    static char *argv[MANY + 1];
    struct image image = good_image();
    write_file(&image, sizeof(image), 0755);
    char *one = malloc(ONE);
    memset(one, 'x', ONE - 1);
    one[ONE - 1] = '\0';
    EQUAL(try((char *[]){"t-exec", one, NULL}, environ), -E2BIG);
    EQUAL(try(plain_argv, (char *[]){one, NULL}), -E2BIG);
    one[EACH] = '\0';
    for (int i = 0; i < MANY; i++)
        argv[i] = one;
    EQUAL(try(argv, environ), -E2BIG);
    free(one);
}

/* ---- only where our own programs can be executed ---- */

static void test_good(void)
{
    struct image image = good_image();
    write_file(&image, sizeof(image), 0755);
    int status = try(plain_argv, environ);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_42);
    status = try(plain_argv, NULL);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_42);
}

/* What main sees when it is executed by test_arguments below. */
static int be_executed(int argc, char **argv)
{
    int ok = argc == 4 && strcmp(argv[2], "two words") == 0 && strcmp(argv[3], "") == 0 &&
             argv[4] == NULL && getenv("T_EXEC") != NULL && strcmp(getenv("T_EXEC"), "yes") == 0 &&
             fcntl(20, F_GETFD) == 0 && fcntl(21, F_GETFD) == -1;
    return ok ? EXIT_42 : 1;
}

static void test_arguments(const char *program)
{
    int status;
    CHECK(dup3(0, 20, 0) == 20 && dup3(0, 21, O_CLOEXEC) == 21);
    pid_t pid = fork();
    if (pid == 0) {
        execve(program, (char *[]){"t-exec", "executed", "two words", "", NULL},
               (char *[]){"T_EXEC=yes", NULL});
        _exit(1);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_42);
    CHECK(fcntl(21, F_GETFD) == FD_CLOEXEC);
    close(20);
    close(21);
}

static void test_script(void)
{
    int status;
    write_file("exit $(($1 + 2))\n", 17, 0755);
    pid_t pid = fork();
    if (pid == 0) {
        execlp(path, path, "40", (char *)NULL);
        _exit(1);
    }
    CHECK(waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_42);
}

static const char *self; /* the file name of this program */

static void test_refusals(void)
{
    test_no_programs();
    test_broken_headers();
    test_broken_segments();
    test_truncated();
    test_random();
    test_too_long();
    unlink(path);
}

static void test_all(void)
{
    test_refusals();
    test_good();
    test_arguments(self);
    test_script();
    unlink(path);
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "executed") == 0)
        return be_executed(argc, argv);
    self = argv[0];
    if (on_onering())
        check_no_leak(test_all);
    else
        test_refusals();
    return check_end("t-exec");
}
