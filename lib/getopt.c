/* getopt.c - options of a command line: -a -bc -o value -ovalue -- */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

char *optarg;
int optind = 1, opterr = 1, optopt;

static int complain(char *const argv[], const char *what, int letter)
{
    if (opterr)
        fprintf(stderr, "%s: %s -- '%c'\n", argv[0], what, letter);
    return '?';
}

int getopt(int argc, char *const argv[], const char *options)
{
    static int within; /* position in a group of letters, or 0 */
    if (optind == 0)
        optind = 1, within = 0; /* start again */
    if (within == 0) {
        if (optind >= argc || argv[optind][0] != '-' || argv[optind][1] == '\0')
            return -1;
        if (strcmp(argv[optind], "--") == 0) {
            optind++;
            return -1;
        }
        within = 1;
    }
    const char *group = argv[optind];
    int letter = optopt = (unsigned char)group[within++];
    const char *known = letter == ':' ? NULL : strchr(options, letter);
    int last = group[within] == '\0';
    if (known != NULL && known[1] == ':') {
        optarg = last ? argv[optind + 1] : (char *)group + within;
        optind += last ? 2 : 1;
        within = 0;
        if (optarg == NULL) {
            optind = argc;
            return options[0] == ':' ? ':' : complain(argv, "option requires an argument", letter);
        }
        return letter;
    }
    if (last) {
        optind++;
        within = 0;
    }
    return known != NULL ? letter : complain(argv, "invalid option", letter);
}
