/* sig2str.c - the names of signals, without SIG. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const names[] = {
    "EXIT", "HUP",  "INT",  "QUIT", "ILL",    "TRAP",   "ABRT",  "BUS",  "FPE",  "KILL", "USR1",
    "SEGV", "USR2", "PIPE", "ALRM", "TERM",   "STKFLT", "CHLD",  "CONT", "STOP", "TSTP", "TTIN",
    "TTOU", "URG",  "XCPU", "XFSZ", "VTALRM", "PROF",   "WINCH", "IO",   "PWR",  "SYS",
};

enum { NNAMES = sizeof(names) / sizeof(names[0]) };

int sig2str(int sig, char *text)
{
    if (sig < 0 || sig >= NNAMES)
        return -1;
    strcpy(text, names[sig]);
    return 0;
}

/* Takes a number, a name, or a name with SIG before it. */
int str2sig(const char *restrict text, int *restrict sig)
{
    char *end;
    long n = strtol(text, &end, 10);
    if (end != text && *end == '\0' && n >= 0 && n < NSIG) {
        *sig = (int)n;
        return 0;
    }
    if (strncasecmp(text, "SIG", 3) == 0)
        text += 3;
    for (int i = 0; i < NNAMES; i++)
        if (strcasecmp(text, names[i]) == 0) {
            *sig = i;
            return 0;
        }
    return -1;
}
