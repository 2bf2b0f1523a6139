/* On the host there are no interrupts to turn off. */
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
