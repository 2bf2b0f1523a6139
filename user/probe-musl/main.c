/*
 * probe-musl - a program that was written for musl and Linux, more or less: does what the script asks
 * for, and reports what came of it. Fused, or in a process of its own.
 */
#include "probe.h"

#include <stddef.h>

static const struct command_entry commands[] = {
    {"exit", 1, exit_now},
    {"number", 4, call_by_number},
    {"errno", 2, keep_errno},
    {"files", 3, use_files},
    {"tls", 0, show_thread_local},
    {"order", 0, show_order},
    {"mkdir", 1, make_folder},
    {"list", 1, list_folder},
    {"getpid", 1, count_musl_getpid},
    {"threads", 2, run_threads},
    {"detached", 2, run_detached},
    {"clone", 2, clone_function},
    {"last", 1, return_as_last},
    {NULL, 0, NULL},
};

int main(int argc, char **argv)
{
    run_script(argc, argv, commands);
    return 0;
}
