/* uname - names the system: -s kernel, -n node, -r release, -v version, -m machine, -a all. */
#include <err.h>
#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    static const char letters[] = "snrvm";
    struct utsname u;
    unsigned wanted = 0;
    for (int c; (c = getopt(argc, argv, "snrvma")) != -1;) {
        if (c == '?')
            return 2;
        wanted |= c == 'a' ? (1U << strlen(letters)) - 1 : 1U << (strchr(letters, c) - letters);
    }
    if (optind < argc)
        errx(2, "extra operand '%s'", argv[optind]);
    if (wanted == 0)
        wanted = 1;
    if (uname(&u) != 0)
        err(1, "uname");
    const char *const values[] = {u.sysname, u.nodename, u.release, u.version, u.machine};
    const char *gap = "";
    for (int i = 0; letters[i] != '\0'; i++)
        if (wanted & (1U << i)) {
            printf("%s%s", gap, values[i]);
            gap = " ";
        }
    puts("");
    return 0;
}
