/* What every image provides: its program. */
#pragma once

/* Called at the end of boot by the boot thread, on the boot stack, every initialiser done, interrupts
 * off. */
void image_main(void) __attribute__((noreturn));

#define EXIT_STATUS_REFUSED 1 /* of a machine that cannot start, and says why */

/* There is too little memory to start with: says for what, and powers off. No fault of the kernel's, so
 * it is no panic. */
void boot_out_of_memory(const char *what) __attribute__((noreturn));
