/* Without the trap shim nothing of the caller lies between it and sys_clone. */
#include "kern/libos/libos.h"

const unsigned long clone_frame_size = 0;
