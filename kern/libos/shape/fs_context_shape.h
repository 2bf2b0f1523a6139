/* What the running program uses, in the fused shape: there is one program. */
#pragma once
#include "kern/core/init.h"

extern struct fs_context libos_fs_context; /* kern/libos/files.c */

static inline struct fs_context *fs_context(void)
{
    INIT_NEEDS(files_init);
    return &libos_fs_context;
}
