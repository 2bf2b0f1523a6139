/* missing.c - calls that programs may make and no image has. Each from a function of its own, which the
 * report must name. */
#include "probe.h"

#include <onering/syscalls.h>
#include <stdio.h>
#include <string.h>

/* Not a tail call: the call returns to here. */
#define MISSING(name, ...)                                                                         \
    static long from_##name(void)                                                                  \
    {                                                                                              \
        long result = sys_##name(__VA_ARGS__);                                                     \
        __asm__ volatile("" : "+r"(result));                                                       \
        return result;                                                                             \
    }

MISSING(mknodat, -1, "a", 0, 0)
MISSING(symlinkat, "a", -1, "b")
MISSING(linkat, -1, "a", -1, "b", 0)
MISSING(statfs, "a", NULL)
MISSING(truncate, "a", 0)
MISSING(fchdir, -1)
MISSING(sendfile, -1, -1, NULL, 0)
MISSING(fsync, -1)
MISSING(getsid, 0)
MISSING(prctl, 0, 0, 0, 0, 0)
MISSING(setitimer, 0, NULL, NULL)
MISSING(membarrier, 0, 0, 0)

static const struct {
    const char *name;
    long (*call)(void);
} missing[] = {
    {"mknodat", from_mknodat},   {"symlinkat", from_symlinkat}, {"linkat", from_linkat},
    {"statfs", from_statfs},     {"truncate", from_truncate},   {"fchdir", from_fchdir},
    {"sendfile", from_sendfile}, {"fsync", from_fsync},         {"getsid", from_getsid},
    {"prctl", from_prctl},       {"setitimer", from_setitimer}, {"membarrier", from_membarrier},
};

/* missing NAME */
void call_missing(char **args)
{
    for (unsigned i = 0; i < sizeof(missing) / sizeof(missing[0]); i++)
        if (strcmp(missing[i].name, args[0]) == 0)
            printf("missing %s = %ld\n", args[0], missing[i].call());
}
