/* t-unlinked - the memory of a file that has no name any more comes back with its last descriptor. */
#include "check.h"

#include <fcntl.h>
#include <unistd.h>

static void fill_without_name(void)
{
    static char bytes[100000];
    int fd = open("/tmp/t-unlinked", O_RDWR | O_CREAT | O_TRUNC, 0644);
    EQUAL(unlink("/tmp/t-unlinked"), 0);
    for (int i = 0; i < 10; i++)
        EQUAL(write(fd, bytes, sizeof(bytes)), sizeof(bytes));
    EQUAL(close(fd), 0);
}

int main(void)
{
    if (on_onering())
        check_no_leak(fill_without_name);
    return check_end("t-unlinked");
}
