/* The end of the program is the end of the machine, whose exit status has 8 bits: a failure whose low
 * byte is 0 must not look like success. */
#include "kern/dev/power.h"
#include <onering/syscalls.h>

long sys_exit_group(int status)
{
    int low = status & 0xff;
    power_off(low ? low : status != 0);
}
