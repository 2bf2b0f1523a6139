/* byname - reads a line from the console, which it opens by its name: the linker cannot see that. */
#include <stdio.h>

int main(void)
{
    char line[80];
    FILE *console = fopen("/dev/console", "r");
    if (console == NULL || fgets(line, sizeof(line), console) == NULL) {
        perror("byname");
        return 1;
    }
    printf("it says %s", line);
    return 0;
}
