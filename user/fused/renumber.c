/* renumber - reads the console through a FILE that opened something else: dup2 put it there. */
#include <stdio.h>
#include <unistd.h>

int main(void)
{
    char line[80];
    FILE *file = fopen("/dev/null", "r");
    if (file == NULL || dup2(STDIN_FILENO, fileno(file)) < 0 || !fgets(line, sizeof(line), file)) {
        perror("renumber");
        return 1;
    }
    printf("it says %s", line);
    return 0;
}
