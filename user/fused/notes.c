/* notes - keeps a few lines in a file and prints them: a program with printf, a heap and a file system,
 * to see how large an image with them is. */
#include <stdio.h>
#include <stdlib.h>

enum { LINE = 80 };

static int save(const char *name, int n)
{
    FILE *f = fopen(name, "w");
    if (f == NULL)
        return -1;
    for (int i = 0; i < n; i++)
        fprintf(f, "note %d\n", i);
    return fclose(f);
}

static int show(const char *name)
{
    char *line = malloc(LINE);
    FILE *f = fopen(name, "r");
    if (f == NULL || line == NULL)
        return -1;
    while (fgets(line, LINE, f) != NULL)
        printf("%s: %s", name, line);
    free(line);
    return fclose(f);
}

int main(void)
{
    if (save("/tmp/notes", 3) == 0 && show("/tmp/notes") == 0)
        return 0;
    puts("notes: something went wrong");
    return 1;
}
