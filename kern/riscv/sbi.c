/* The supervisor binary interface: an `ecall` from S-mode enters the firmware.
 *
 * a7 names the extension, a6 the function; the answer is an error in a0 and a value in a1. The legacy
 * extensions (0 to 15) answer in a0 alone.
 */
#include "kern/riscv/sbi.h"

enum {
    SBI_LEGACY_PUTCHAR = 1,
    SBI_TIME = 0x54494D45,
    SBI_IPI = 0x735049,
    SBI_RFENCE = 0x52464E43,
    SBI_RFENCE_VMA = 1,
    SBI_HSM = 0x48534D,
    SBI_RESET = 0x53525354,
    SBI_RESET_SHUTDOWN = 0,
    SBI_RESET_COLD = 1,
};

static long sbi_call(long extension, long function, long arg0, long arg1, long arg2, long arg3)
{
    register long a0 __asm__("a0") = arg0;
    register long a1 __asm__("a1") = arg1;
    register long a2 __asm__("a2") = arg2;
    register long a3 __asm__("a3") = arg3;
    register long a6 __asm__("a6") = function;
    register long a7 __asm__("a7") = extension;
    __asm__ volatile("ecall" : "+r"(a0), "+r"(a1) : "r"(a2), "r"(a3), "r"(a6), "r"(a7) : "memory");
    return a0;
}

void sbi_putchar(char byte)
{
    sbi_call(SBI_LEGACY_PUTCHAR, 0, (unsigned char)byte, 0, 0, 0);
}

void sbi_set_timer(uint64_t when)
{
    sbi_call(SBI_TIME, 0, (long)when, 0, 0, 0);
}

long sbi_send_ipi(uint64_t mask, uint64_t base)
{
    return sbi_call(SBI_IPI, 0, (long)mask, (long)base, 0, 0);
}

long sbi_remote_sfence(uint64_t mask, uint64_t base, uintptr_t va, size_t len)
{
    return sbi_call(SBI_RFENCE, SBI_RFENCE_VMA, (long)mask, (long)base, (long)va, (long)len);
}

long sbi_hart_start(uint64_t hartid, uintptr_t entry, uintptr_t arg)
{
    return sbi_call(SBI_HSM, 0, (long)hartid, (long)entry, (long)arg, 0);
}

void sbi_shutdown(bool failure)
{
    sbi_call(SBI_RESET, 0, SBI_RESET_SHUTDOWN, failure, 0, 0);
}

void sbi_reset(void)
{
    sbi_call(SBI_RESET, 0, SBI_RESET_COLD, 0, 0, 0);
}
