/* misuse - does to a block of malloc what must not be done: misuse twice|wild|behind|none. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
    const char *fault = argc > 1 ? argv[1] : "none";
    volatile size_t too_much = SIZE_MAX / 2;
    char *block = malloc(100), *volatile kept = malloc(50);
    free(malloc(too_much));
    if (strcmp(fault, "wild") == 0)
        block += 32;
    printf("block %p\n", (void *)block);
    fflush(stdout);
    if (strcmp(fault, "behind") == 0)
        memset(block, 1, 108);
    free(block);
    if (strcmp(fault, "twice") == 0)
        free(block);
    return kept == NULL;
}
