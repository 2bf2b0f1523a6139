/* opened - reads the file it is told, through open() and read(): who calls read() may read the console. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char bytes[64];
    int fd = argc > 1 ? open(argv[1], O_RDONLY) : STDIN_FILENO;
    ssize_t n = read(fd, bytes, sizeof(bytes));
    if (n < 0)
        perror("read");
    else
        printf("%d bytes: %.*s", (int)n, (int)n, bytes);
    return n < 0;
}
