LIBC   ?= musl
ROOTFS ?= cpio
# It makes and frees many small objects of all ages.
ALLOC  ?= tlsf
