/* rand.c - small helpers on numbers. */
#include <stdlib.h>

static unsigned long state = 1;

int rand(void)
{
    state = state * 6364136223846793005UL + 1442695040888963407UL;
    return (int)(state >> 33);
}

void srand(unsigned seed)
{
    state = seed;
}

int abs(int n)
{
    return n < 0 ? -n : n;
}

long labs(long n)
{
    return n < 0 ? -n : n;
}
