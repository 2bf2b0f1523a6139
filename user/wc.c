/* wc - counts lines, words and bytes: -l -w -c choose. */
#include <ctype.h>
#include <err.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

struct counts {
    unsigned long lines, words, bytes;
};

static int want_lines, want_words, want_bytes;

static int count(int fd, struct counts *c)
{
    static char buf[8192];
    ssize_t n;
    int in_word = 0;
    while ((n = read(fd, buf, sizeof(buf))) > 0) {
        c->bytes += n;
        for (ssize_t i = 0; i < n; i++) {
            int space = isspace((unsigned char)buf[i]);
            c->lines += buf[i] == '\n';
            c->words += !space && !in_word;
            in_word = !space;
        }
    }
    return n < 0 ? -1 : 0;
}

static void print(const struct counts *c, const char *name)
{
    const char *gap = "";
    if (want_lines)
        printf("%s%lu", gap, c->lines), gap = " ";
    if (want_words)
        printf("%s%lu", gap, c->words), gap = " ";
    if (want_bytes)
        printf("%s%lu", gap, c->bytes), gap = " ";
    printf("%s%s\n", name != NULL ? gap : "", name != NULL ? name : "");
}

static int wc(const char *name, struct counts *total)
{
    struct counts c = {0, 0, 0};
    int fd = name != NULL ? open(name, O_RDONLY) : STDIN_FILENO;
    if (fd < 0 || count(fd, &c) != 0) {
        warn("%s", name != NULL ? name : "standard input");
        return 1;
    }
    print(&c, name);
    if (name != NULL)
        close(fd);
    total->lines += c.lines;
    total->words += c.words;
    total->bytes += c.bytes;
    return 0;
}

int main(int argc, char **argv)
{
    int status = 0, c;
    struct counts total = {0, 0, 0};
    while ((c = getopt(argc, argv, "lwc")) != -1) {
        if (c == '?')
            return 2;
        want_lines |= c == 'l';
        want_words |= c == 'w';
        want_bytes |= c == 'c';
    }
    if (!want_lines && !want_words && !want_bytes)
        want_lines = want_words = want_bytes = 1;
    if (optind == argc)
        return wc(NULL, &total);
    int several = argc - optind > 1;
    for (; optind < argc; optind++)
        status |= wc(argv[optind], &total);
    if (several)
        print(&total, "total");
    return status;
}
