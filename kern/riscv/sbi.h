/* Calls into the firmware (OpenSBI) by the supervisor binary interface. The only `ecall`s of the
 * kernel; each costs about 300 instructions. */
#pragma once
#include "kern/core/util.h"

/* One byte on the firmware's console (legacy extension 1): before there is a driver. */
void sbi_putchar(char byte);
void sbi_set_timer(uint64_t when); /* in timebase ticks */
/* Harts hartid of `mask`, whose bit 0 stands for hart `base`. */
long sbi_send_ipi(uint64_t mask, uint64_t base);
long sbi_remote_sfence(uint64_t mask, uint64_t base, uintptr_t va, size_t len);
/* Starts a parked hart at `entry` in S-mode with a0 = hartid, a1 = arg. 0 or an SBI error. */
long sbi_hart_start(uint64_t hartid, uintptr_t entry, uintptr_t arg);
/* System reset extension: power off, or reset. */
void sbi_shutdown(bool failure);
void sbi_reset(void);
