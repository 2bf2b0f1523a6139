/* firstblock - asks malloc for one block; a tool counts the instructions until it is there. */
#include <stdlib.h>

static void *volatile block;

__attribute__((noinline)) void block_is_there(void)
{
    __asm__ volatile("");
}

int main(void)
{
    block = malloc(100);
    block_is_there();
    return block == NULL;
}
