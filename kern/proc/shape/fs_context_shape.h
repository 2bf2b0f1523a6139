/* What the running program uses, in the kernel shape: that of the running process. */
#pragma once

struct fs_context *fs_context(void); /* kern/proc/proc.c */
