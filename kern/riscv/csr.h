/* Control and status registers of supervisor mode (privileged specification, chapter 4). */
#pragma once
#include "kern/core/util.h"

#define SSTATUS_SIE  (1UL << 1)
#define SSTATUS_SPIE (1UL << 5)
#define SSTATUS_SPP  (1UL << 8)
#define SSTATUS_SUM  (1UL << 18)
#define SSTATUS_FS   (3UL << 13) /* floating-point unit: off, initial, clean, dirty */
#define FS_OFF       (0UL << 13)
#define FS_INITIAL   (1UL << 13)
#define FS_CLEAN     (2UL << 13)
#define FS_DIRTY     (3UL << 13)

#define SCAUSE_INTERRUPT (1UL << 63)

enum interrupt {
    IRQ_SOFTWARE = 1,
    IRQ_TIMER = 5,
    IRQ_EXTERNAL = 9,
};

enum exception {
    EXC_FETCH_MISALIGNED = 0,
    EXC_FETCH_ACCESS = 1,
    EXC_ILLEGAL = 2,
    EXC_BREAKPOINT = 3,
    EXC_LOAD_MISALIGNED = 4,
    EXC_LOAD_ACCESS = 5,
    EXC_STORE_MISALIGNED = 6,
    EXC_STORE_ACCESS = 7,
    EXC_ECALL_USER = 8,
    EXC_FETCH_PAGE = 12,
    EXC_LOAD_PAGE = 13,
    EXC_STORE_PAGE = 15,
};

#define csr_read(csr)                                                                              \
    ({                                                                                             \
        unsigned long csr_value_;                                                                  \
        __asm__ volatile("csrr %0, " #csr : "=r"(csr_value_)::"memory");                           \
        csr_value_;                                                                                \
    })
#define csr_write(csr, value) __asm__ volatile("csrw " #csr ", %0" ::"rK"(value) : "memory")
#define csr_set(csr, bits)    __asm__ volatile("csrs " #csr ", %0" ::"rK"(bits) : "memory")
#define csr_clear(csr, bits)  __asm__ volatile("csrc " #csr ", %0" ::"rK"(bits) : "memory")

/* Turns interrupts of this hart off; says whether they were on. */
static inline bool irq_save(void)
{
    unsigned long before;
    __asm__ volatile("csrrci %0, sstatus, %1" : "=r"(before) : "K"(SSTATUS_SIE) : "memory");
    return before & SSTATUS_SIE;
}

/* Without a branch: to set no bit is quick, too. */
static inline void irq_restore(bool on)
{
    csr_set(sstatus, on ? SSTATUS_SIE : 0);
}

static inline void irq_enable(void)
{
    csr_set(sstatus, SSTATUS_SIE);
}

static inline void irq_disable(void)
{
    csr_clear(sstatus, SSTATUS_SIE);
}

static inline bool irq_is_enabled(void)
{
    return csr_read(sstatus) & SSTATUS_SIE;
}

/* Forgets this hart's cached translations: all, or those of one page. */
static inline void sfence_vma_all(void)
{
    __asm__ volatile("sfence.vma" ::: "memory");
}

static inline void sfence_vma_page(uintptr_t va)
{
    __asm__ volatile("sfence.vma %0, zero" ::"r"(va) : "memory");
}

/* Makes this hart fetch instructions as they are now in memory. */
static inline void fence_i(void)
{
    __asm__ volatile("fence.i" ::: "memory");
}
