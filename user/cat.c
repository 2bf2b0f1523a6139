/* cat - files one after the other; "-" is the standard input. */
#include <err.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static void write_all(const char *buf, ssize_t n)
{
    while (n > 0) {
        ssize_t done = write(STDOUT_FILENO, buf, n);
        if (done < 0)
            err(1, "write error");
        buf += done;
        n -= done;
    }
}

static int copy_out(int fd, const char *name)
{
    static char buf[8192];
    ssize_t n;
    while ((n = read(fd, buf, sizeof(buf))) > 0)
        write_all(buf, n);
    if (n < 0)
        warn("%s", name);
    return n < 0;
}

static int cat(const char *name)
{
    if (strcmp(name, "-") == 0)
        return copy_out(STDIN_FILENO, "standard input");
    int fd = open(name, O_RDONLY);
    if (fd < 0) {
        warn("%s", name);
        return 1;
    }
    int status = copy_out(fd, name);
    close(fd);
    return status;
}

int main(int argc, char **argv)
{
    int status = argc < 2 ? cat("-") : 0;
    for (int i = 1; i < argc; i++)
        status |= cat(argv[i]);
    return status;
}
