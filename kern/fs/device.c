/* What all devices have in common. */
#include "kern/fs/device.h"

#define DEVICE_MODE 0666

int device_getattr(struct vnode *vnode, struct stat *st)
{
    st->st_mode |= DEVICE_MODE;
    st->st_rdev = container_of(vnode, struct device, vnode)->rdev;
    return 0;
}
