/* Lines for a pipeline: "lines make N" writes N of them in disorder, "lines sort" sorts its input,
 * "lines check N" says whether its input is those N in order. */
#include "check.h"

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* 7919 is a prime: every number comes once. */
static int make(int n)
{
    for (int i = 0; i < n; i++)
        printf("line %08d\n", (int)((long)i * 7919 % n));
    return 0;
}

static int sort(void)
{
    char **lines = NULL, *line = NULL;
    size_t used = 0, room = 0, size = 0;
    while (getline(&line, &size, stdin) > 0) {
        if (used == room)
            CHECK(lines = realloc(lines, (room = 2 * room + 10) * sizeof(*lines)));
        CHECK(lines[used++] = strdup(line));
    }
    qsort(lines, used, sizeof(*lines), by_text);
    for (size_t i = 0; i < used; i++)
        fputs(lines[i], stdout);
    return 0;
}

static int check(int n)
{
    char line[100], expected[100];
    for (int i = 0; i < n; i++) {
        sprintf(expected, "line %08d\n", i);
        CHECK(fgets(line, sizeof(line), stdin) && strcmp(line, expected) == 0);
    }
    CHECK(!fgets(line, sizeof(line), stdin));
    printf("lines ok %d\n", n);
    return 0;
}

int main(int argc, char **argv)
{
    CHECK(argc >= 2);
    if (strcmp(argv[1], "sort") == 0)
        return sort();
    CHECK(argc == 3);
    return strcmp(argv[1], "make") == 0 ? make(atoi(argv[2])) : check(atoi(argv[2]));
}
