/* Moving the floating-point registers (switch.S, the only code that does). */
#pragma once

struct fpstate;

void fp_save(struct fpstate *to);
void fp_restore(const struct fpstate *from);
