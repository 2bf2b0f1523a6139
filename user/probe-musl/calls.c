/* calls.c - system calls by number and by name, and what becomes of their errors. */
#define _GNU_SOURCE
#include "probe.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* getpid TIMES: musl's */
void count_musl_getpid(char **args)
{
    raw_musl_getpid(number_of(args[0]));
}

/* number NUMBER A B C: syscall(), whose number is a variable */
void call_by_number(char **args)
{
    errno = 0;
    long number = (long)number_of(args[0]);
    long result =
        syscall(number, number_of(args[1]), number_of(args[2]), number_of(args[3]), 0, 0, 0);
    printf("number %ld = %ld, errno %d\n", number, result, errno);
}

/* errno BEFORE FD: a call that works leaves it alone, one that fails sets it */
void keep_errno(char **args)
{
    errno = (int)number_of(args[0]);
    getpid();
    int kept = errno;
    int result = close((int)number_of(args[1]));
    printf("errno %d, close %d: %d\n", kept, result, errno);
}

/* files PATH TEXT OFFSET: writes, looks, reads back from the offset, removes */
void use_files(char **args)
{
    char back[100] = "";
    struct stat about;
    int fd = open(args[0], O_RDWR | O_CREAT | O_EXCL, 0644);
    long wrote = write(fd, args[1], strlen(args[1]));
    long got = pread(fd, back, sizeof(back) - 1, (off_t)number_of(args[2]));
    off_t end = lseek(fd, 0, SEEK_END);
    int looked = fstat(fd, &about);
    printf("files: wrote %ld, read %ld '%s', end %ld, size %ld %d", wrote, got, back, (long)end,
           looked == 0 ? (long)about.st_size : -1, fd > 2);
    printf(", again %d", open(args[0], O_CREAT | O_EXCL, 0644));
    printf(" (%s)", strerror(errno));
    close(fd);
    printf(", removed %d", unlink(args[0]));
    printf(", gone %d\n", access(args[0], F_OK) == -1 && errno == ENOENT);
}
