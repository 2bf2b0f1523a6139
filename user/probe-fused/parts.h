/* parts.c: things whose places a linker script decides. */
#pragma once

extern unsigned long probe_ran; /* what the kernel called at its start, two digits each */

/* Does nothing, and brings the parts into the image. */
void needed_parts(void);
