/* kill - sends a signal to processes: kill [-SIGNAL | -s SIGNAL] pid...; -l lists the names. */
#include <ctype.h>
#include <err.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int parse_signal(const char *text)
{
    int sig;
    if (str2sig(text, &sig) != 0)
        errx(1, "%s: invalid signal", text);
    return sig;
}

static int list(char **wanted)
{
    char name[SIG2STR_MAX];
    for (int sig = 1; *wanted == NULL && sig2str(sig, name) == 0; sig++)
        printf("%2d %s\n", sig, name);
    for (; *wanted != NULL; wanted++) {
        if (!isdigit((unsigned char)**wanted)) {
            printf("%d\n", parse_signal(*wanted));
            continue;
        }
        if (sig2str(atoi(*wanted) & 127, name) != 0) /* an exit status of 128 + n will do */
            errx(1, "%s: invalid signal", *wanted);
        puts(name);
    }
    return 0;
}

static int usage(void)
{
    fputs("usage: kill [-SIGNAL | -s SIGNAL] pid... | kill -l [status...]\n", stderr);
    return 2;
}

int main(int argc, char **argv)
{
    int sig = SIGTERM, status = 0, i = 1;
    if (argc > 1 && strcmp(argv[1], "-l") == 0)
        return list(argv + 2);
    if (argc > 2 && strcmp(argv[1], "-s") == 0) {
        sig = parse_signal(argv[2]);
        i = 3;
    } else if (argc > 1 && argv[1][0] == '-' && strcmp(argv[1], "--") != 0) {
        sig = parse_signal(argv[1] + 1);
        i = 2;
    }
    if (i < argc && strcmp(argv[i], "--") == 0)
        i++;
    if (i >= argc)
        return usage();
    for (; i < argc; i++) {
        char *end;
        long pid = strtol(argv[i], &end, 10);
        if (end == argv[i] || *end != '\0' || pid != (pid_t)pid) {
            warnx("%s: not a process id", argv[i]);
            status = 1;
        } else if (kill((pid_t)pid, sig) != 0) {
            warn("%s", argv[i]);
            status = 1;
        }
    }
    return status;
}
