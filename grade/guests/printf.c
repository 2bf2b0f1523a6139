/* The smallest program with all of printf: what it costs is in the size of its image. */
#include <stdio.h>

int main(int argc, char **argv)
{
    printf("%s has %d arguments, and 2/3 is %.5f\n", "printf", argc - 1, 2.0 / 3.0);
    printf("%s ok\n", argc > 0 ? "printf" : argv[0]);
    return 0;
}
