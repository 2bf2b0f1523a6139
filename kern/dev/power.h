/* Switching the machine off. */
#pragma once

/* Ends the machine with this exit status (0-255; QEMU's status is the same): through the test
 * finisher the device tree names, else by the firmware, which knows only good and bad. */
void power_off(int status) __attribute__((noreturn));
void power_reset(void) __attribute__((noreturn));
