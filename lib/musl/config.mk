# What musl's own Makefile includes where its configure script would have left a configuration.
#
# lib/musl/musl.mk calls that Makefile, in build/musl/obj, with ONERING (our tree), CC, AR, RANLIB and
# ONERING_CFLAGS (machine, sections, debug information: what all programs are compiled with).

ARCH = riscv64
srcdir = ../src
prefix = /

CFLAGS_C99FSE = -std=c99 -nostdinc -ffreestanding -fexcess-precision=standard -frounding-math \
                -fno-strict-aliasing -Wa,--noexecstack
CFLAGS_AUTO = -Os -Wno-pointer-to-int-cast -Wno-return-local-addr -Werror=implicit-function-declaration \
              -Werror=pointer-arith -Werror=int-conversion -Werror=incompatible-pointer-types
CFLAGS_MEMOPS = -O2 -fno-tree-loop-distribute-patterns
CFLAGS_NOSSP = -fno-stack-protector

# Our syscall_arch.h is found before theirs: -iquote comes before every -I.
CFLAGS = $(ONERING_CFLAGS) -iquote $(ONERING)/lib/musl -isystem ../gen -MMD -MP

# What issues `ecall`, or makes a call whose number is a variable, gives way to glue of ours; and so does
# the start (start.c says why).
REPLACED = thread/riscv64/clone thread/riscv64/__unmapself thread/riscv64/syscall_cp \
           signal/riscv64/restore thread/__syscall_cp thread/pthread_cancel unistd/setxid \
           env/__libc_start_main
GLUE = clone unmapself restore cancel setxid start

KEPT  = $(filter-out $(REPLACED:%=obj/src/%.o),$(LIBC_OBJS))
AOBJS = $(KEPT) $(GLUE:%=obj/glue/%.o)

obj/glue:
	mkdir -p $@
OURS = $(ONERING)/lib/musl/syscall_arch.h $(ONERING)/lib/musl/musl.mk
obj/glue/%.o: $(ONERING)/lib/musl/%.c $(OURS) $(GENH) $(IMPH) | obj/glue
	$(CC_CMD)
obj/glue/%.o: $(ONERING)/lib/musl/%.S $(OURS) | obj/glue
	$(CC_CMD)

# Their Makefile does not follow headers, and their sources do not change. Ours do: the table of system
# calls grows.
-include $(KEPT:.o=.d)
