# The benchmarks of files and devices need a file system.
ROOTFS ?= ramfs
