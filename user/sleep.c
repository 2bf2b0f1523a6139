/* sleep - waits so many seconds, or parts of them. */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static double parse_seconds(const char *text)
{
    char *end;
    double seconds = strtod(text, &end);
    if (end == text || *end != '\0' || !(seconds >= 0))
        errx(2, "%s: not a number of seconds", text);
    return seconds;
}

int main(int argc, char **argv)
{
    double seconds = 0;
    if (argc < 2) {
        fputs("usage: sleep seconds...\n", stderr);
        return 2;
    }
    for (int i = 1; i < argc; i++)
        seconds += parse_seconds(argv[i]);
    if (seconds > 1e9)
        seconds = 1e9;
    struct timespec left;
    left.tv_sec = (time_t)seconds;
    left.tv_nsec = (long)((seconds - (double)left.tv_sec) * 1e9);
    while (nanosleep(&left, &left) != 0)
        if (errno != EINTR)
            err(1, "nanosleep");
    return 0;
}
