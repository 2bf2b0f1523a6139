/* greedy - has a large array, for which a small machine has no room. */
#include <stdio.h>

static volatile char array[5 << 20];

int main(void)
{
    for (unsigned i = 0; i < sizeof(array); i += 4096)
        array[i] = 1;
    puts("all there");
    return 0;
}
