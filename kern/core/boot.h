/* What every image provides: its program. */
#pragma once

/* Called at the end of boot by the boot thread, on the boot stack, every initialiser done, interrupts
 * off. */
void image_main(void) __attribute__((noreturn));
