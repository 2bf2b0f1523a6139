/*
 * main.c - sh: the command language.
 *
 *      sh                     commands from the standard input; at a terminal with editing
 *      sh FILE [argument...]  commands from a file
 *      sh -c COMMAND [name [argument...]]
 *
 * -e ends the shell at the first command that fails, -x shows commands before they run.
 */
#include "sh.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int usage(void)
{
    fputs("usage: sh [-ex] [file [argument...]] | sh [-ex] -c command [name [argument...]]\n",
          stderr);
    return 2;
}

static void set_up(char **args)
{
    sh.pid = getpid();
    var_import(environ);
    if (var_get("PATH") == NULL)
        var_set("PATH", 4, "/bin");
    var_unset("IFS"); /* not from outside: it changes what a script means */
    if (*args != NULL)
        sh.name = *args++;
    sh.args = args;
    while (args[sh.nargs] != NULL)
        sh.nargs++;
}

static int run_standard_input(void)
{
    struct source src;
    source_from_fd(&src, STDIN_FILENO, NULL, 0);
    src.interactive = sh.interactive = isatty(STDIN_FILENO) && isatty(STDERR_FILENO);
    jobs_init();
    return run_source(&src);
}

int main(int argc, char **argv)
{
    const char *command = NULL;
    int option;
    sh.name = "sh";
    while ((option = getopt(argc, argv, "c:ex")) != -1) {
        if (option == 'c')
            command = optarg;
        else if (option == 'e')
            sh.exit_on_error = 1;
        else if (option == 'x')
            sh.trace = 1;
        else
            return usage();
        if (command != NULL)
            break; /* what follows are the command's arguments */
    }
    set_up(argv + optind);
    if (command != NULL)
        shell_exit(run_string(command));
    if (optind < argc)
        shell_exit(run_file(argv[optind], "sh"));
    shell_exit(run_standard_input());
}
