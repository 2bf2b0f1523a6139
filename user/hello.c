/* hello - the smallest program that shows it is alive; its arguments too, one a line. */
#include <stdio.h>

int main(int argc, char **argv)
{
    puts("hello, world");
    for (int i = 1; i < argc; i++)
        puts(argv[i]);
    return 0;
}
