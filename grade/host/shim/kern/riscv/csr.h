/* On the host there are no interrupts to turn off, and translations only in a test's model. */
#pragma once
#include <stdbool.h>

static inline bool irq_save(void)
{
    return false;
}

static inline void irq_restore(bool on)
{
    (void)on;
}

void sfence_vma_all(void); /* the test's */
