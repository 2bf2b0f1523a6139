/* Devices that are files: a vnode that is there as long as the machine runs. devfs gives them names. */
#pragma once
#include "kern/fs/vnode.h"

#define DEVICE_NUMBER(major, minor) ((major) << 8 | (minor)) /* as Linux numbers them */

struct device {
    struct vnode vnode;
    uint64_t rdev;
};

/* A character device: one reference, which nobody gives up. */
#define DEVICE(device_ops, major, minor)                                                           \
    {                                                                                              \
        .vnode = {.ops = (device_ops), .type = S_IFCHR, .refs = 1},                                \
        .rdev = DEVICE_NUMBER(major, minor),                                                       \
    }

int device_getattr(struct vnode *vnode, struct stat *st);
