/* External interrupts, by way of the PLIC (platform-level interrupt controller). */
#pragma once
#include "kern/core/util.h"

/* Calls run(arg) when the device with this interrupt number asks for it: interrupts off, on the hart
 * that registered it, one call at a time. Without a PLIC in the device tree nothing is ever called. */
void irq_register(uint32_t irq, void (*run)(void *arg), void *arg);
