/* Attaching file systems to the tree. */
#ifndef _SYS_MOUNT_H
#define _SYS_MOUNT_H

int mount(const char *source, const char *target, const char *type, unsigned long flags,
          const void *options);
int umount(const char *target);
int umount2(const char *target, int flags);

#endif
