# What musl's own Makefile includes where its configure script would have left a configuration.
#
# lib/musl/musl.mk calls that Makefile, in build/musl/obj, with ONERING (our tree), CC, AR, RANLIB and
# ONERING_CFLAGS (machine, sections, debug information: what all programs are compiled with).

ARCH = riscv64
srcdir = ../src
prefix = /

CFLAGS_C99FSE = -std=c99 -nostdinc -ffreestanding -fexcess-precision=standard -frounding-math \
                -fno-strict-aliasing -Wa,--noexecstack
CFLAGS_AUTO = -Os -Wno-pointer-to-int-cast -Werror=implicit-function-declaration \
              -Werror=pointer-arith -Werror=int-conversion -Werror=incompatible-pointer-types
CFLAGS_MEMOPS = -O2 -fno-tree-loop-distribute-patterns
CFLAGS_NOSSP = -fno-stack-protector

# Our syscall_arch.h is found before theirs: -iquote comes before every -I.
CFLAGS = $(ONERING_CFLAGS) -iquote $(ONERING)/lib/musl -isystem ../gen -MMD -MP

# What issues `ecall`, or needs a system call whose number is a variable, gives way to glue of ours.
REPLACED = thread/clone thread/__unmapself thread/syscall_cp thread/__syscall_cp \
           thread/pthread_cancel signal/restore unistd/setxid
GLUE = clone unmapself restore cancel setxid start

AOBJS = $(filter-out $(REPLACED:%=obj/src/%.o),$(LIBC_OBJS)) $(GLUE:%=obj/glue/%.o)

obj/glue:
	mkdir -p $@
obj/glue/%.o: $(ONERING)/lib/musl/%.c $(GENH) $(IMPH) | obj/glue
	$(CC_CMD)
obj/glue/%.o: $(ONERING)/lib/musl/%.S | obj/glue
	$(CC_CMD)

# musl never rebuilds; we do when the table of system calls changes.
-include $(AOBJS:.o=.d)
