/* doubles - every way in which a double reaches the formatter of printf, and none of the ways in which
 * none does. */
#include <stdarg.h>
#include <stdio.h>

static int through_list(const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vprintf(fmt, ap);
    va_end(ap);
    return n;
}

int main(int argc, char **argv)
{
    char text[40];
    float half = 0.5f * (float)argc;
    int (*pointer)(const char *, ...) = printf;
    (void)argv;
    printf("plain %d%%, nested %d\n", argc, printf("%s", ""));
    printf("%d %d %d %d %d %d %d %d %d %d %.1f\n", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, (double)half);
    fprintf(stdout, "%.2f\n", half);
    pointer("%g\n", 1e100);
    through_list("%e\n", 0.1);
    snprintf(text, sizeof(text), "%.0f", 2.5);
    puts(text);
    fflush(stdout);
    dprintf(1, "%5.1f|\n", 9.96);
    return 0;
}
