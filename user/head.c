/* head - the first lines of files: ten, or as many as -n (or just -NUMBER) says. */
#include <ctype.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void head(FILE *f, long lines)
{
    char *line = NULL;
    size_t cap = 0;
    ssize_t n;
    while (lines-- > 0 && (n = getline(&line, &cap, f)) > 0)
        fwrite(line, 1, n, stdout);
    free(line);
}

static long parse_count(const char *text)
{
    char *end;
    long n = strtol(text, &end, 10);
    if (end == text || *end != '\0' || n < 0)
        errx(2, "%s: not a number of lines", text);
    return n;
}

int main(int argc, char **argv)
{
    long lines = 10;
    int status = 0, c;
    if (argc > 1 && argv[1][0] == '-' && isdigit((unsigned char)argv[1][1])) {
        lines = parse_count(argv[1] + 1);
        optind = 2;
    }
    while ((c = getopt(argc, argv, "n:")) != -1) {
        if (c != 'n')
            return 2;
        lines = parse_count(optarg);
    }
    if (optind == argc)
        head(stdin, lines);
    int several = argc - optind > 1;
    for (int i = optind; i < argc; i++) {
        FILE *f = strcmp(argv[i], "-") == 0 ? stdin : fopen(argv[i], "r");
        if (f == NULL) {
            warn("%s", argv[i]);
            status = 1;
            continue;
        }
        if (several)
            printf("%s==> %s <==\n", i > optind ? "\n" : "", argv[i]);
        head(f, lines);
        if (ferror(f)) {
            warn("%s", argv[i]);
            status = 1;
        }
        fclose(f);
    }
    return status;
}
