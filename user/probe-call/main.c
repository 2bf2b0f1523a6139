/*
 * probe-call - a fused program with the small libc: makes the calls that the script asks for, and
 * reports what came of them. What is right is judged outside.
 */
#include "probe.h"

#include <stddef.h>

static const struct command_entry commands[] = {
    {"exit", 1, exit_now},
    {"missing", 1, call_missing},
    {"mkdir", 1, make_folder},
    {"longmkdir", 2, make_long_folder},
    {"edge", 2, make_folder_at_edge},
    {"list", 1, list_folder},
    {"getpid", 1, count_getpid},
    {"threads", 2, run_threads},
    {"spin", 1, wait_by_spinning},
    {"clone", 2, clone_raw},
    {"overflow", 1, overflow_stack},
    {"count", 1, count_both},
    {"bynumber", 7, call_number},
    {"constant", 1, call_constant},
    {"number", 2, ask_number},
    {NULL, 0, NULL},
};

int main(int argc, char **argv)
{
    run_script(argc, argv, commands);
    return 0;
}
