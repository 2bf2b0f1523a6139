LIBC   ?= musl
ROOTFS ?= cpio
