# musl: a complete libc, for programs that the small one in lib/ is too small for (LIBC=musl).
#
# It comes from Debian's source package, is not changed, and is not in our tree: tools/fetch-source
# gets it, musl's own Makefile builds it, all in build/musl:
#
#     src/       the source package        obj/       what musl's Makefile makes
#     gen/       the system calls, copied  include/   musl's headers, installed
#     libc.a     one archive, for both shapes
#     bin/       programs for the kernel shape
#
# Three things of ours go in. syscall_arch.h turns each of musl's system calls into a call of sys_NAME.
# The few files that cannot be had by that are replaced: config.mk lists them and what replaces them
# (clone.S, unmapself.c, restore.S, cancel.c, setxid.c). start.c takes over from our crt0.
# No object differs between the shapes.
#
# A program of Debian's (a port) is a folder user/NAME with port.mk, which sets objects-NAME, and
# source.sha256, which pins the source package. The test programs grade/guests/NAME.c are the
# applications guest-NAME.

MUSL := build/musl
MUSL_BIN := $(MUSL)/bin$(ALLOC_SUFFIX)
MUSL_GEN := $(addprefix $(MUSL)/gen/onering/,syscalls.h by_number.h)
LIBGCC := $(shell $(CC) $(ARCH) -print-libgcc-file-name)

# $(call source_rule,FOLDER,PINS): FOLDER/src holds the source package, FOLDER/source says so.
define source_rule
$1/source: $2 tools/fetch-source
	$$(call say,FETCH,$$(shell head -1 $2))
	@rm -rf $1/obj
	@tools/fetch-source $2 $1/src
	@touch $$@
endef
$(eval $(call source_rule,$(MUSL),lib/musl/source.sha256))

# New only when a system call is: then musl's objects that make calls are compiled again.
$(MUSL_GEN): $(MUSL)/gen/%: $(GEN)
	@mkdir -p $(@D)
	@cmp -s build/gen/include/$* $@ || cp build/gen/include/$* $@

# musl is compiled in a folder of its own: what a student's tree includes everywhere, and where debuggers
# find our files, is named from there. (Of two rules the compiler takes the last, the assembler the first.)
ours = -ffile-prefix-map=$(CURDIR)/lib/=../../../lib/
from_anywhere = $(ours) $(subst -include kern/,-include $(CURDIR)/kern/,$1) $(ours)
MUSL_MAKE = $(MAKE) -s -C $(MUSL)/obj -f ../src/Makefile ONERING='$(CURDIR)' CC='$(CC)' AR='$(AR)' \
            RANLIB='$(CROSS)ranlib' ONERING_CFLAGS='$(call from_anywhere,$(filter-out -std=% -W% -MMD -MP,$(CFLAGS)))'

$(MUSL)/headers: $(MUSL)/source lib/musl/config.mk
	@mkdir -p $(MUSL)/obj && cp lib/musl/config.mk $(MUSL)/obj/config.mak
	+@$(MUSL_MAKE) install-headers prefix= DESTDIR='$(abspath $(MUSL))'
	@touch $@

# musl's Makefile would trust half an object: so what a build that never ended has made goes. And two of
# them at once would meet: the second one waits.
$(MUSL)/libc.a: $(MUSL)/headers $(MUSL_GEN) $(wildcard lib/musl/*.[chS])
	$(call say,MUSL,$@)
	+@exec 9> $@.lock; ! command -v flock > /dev/null || flock 9; \
	! test -e $@.begun || find $(MUSL)/obj -name '*.o' -delete -o -name '*.a' -delete; \
	touch $@.begun && $(MUSL_MAKE) lib/libc.a && rm $@.begun && cp $(MUSL)/obj/lib/libc.a $@.part && mv $@.part $@

# --- Another malloc, to compare with: picolibc's (ALLOC=picolibc) ------------------------------------

PICOLIBC := /usr/lib/picolibc/riscv64-unknown-elf/lib/release/rv64imafdc/lp64d/libc.a
ifneq ($(filter picolibc,$(ALLOC)),)
ifeq ($(wildcard $(PICOLIBC)),)
$(error ALLOC=picolibc: $(PICOLIBC) is not there. Install picolibc-riscv64-unknown-elf, or say PICOLIBC=path/to/libc.a)
endif
endif
$U/lib/alloc/picolibc.o: USER_CFLAGS += -O2 -mno-save-restore
build/picolibc/libmalloc.a: $U/lib/alloc/picolibc.o $(PICOLIBC)
	$(call say,AR,$@)
	@rm -rf $(@D)/obj && mkdir -p $(@D)/obj
	@cd $(@D)/obj && $(AR) x $(PICOLIBC) $(addprefix nano-malloc-,$(addsuffix .c.o,malloc free calloc realloc \
	    memalign posix_memalign malloc_usable_size))
	@$(call archive,$< $(@D)/obj/*.o)

# --- Programs --------------------------------------------------------------------------------------

MUSL_CFLAGS = $(filter-out -ffreestanding,$(CFLAGS)) -Os -nostdinc -isystem $(MUSL)/include \
              -isystem $(shell $(CC) -print-file-name=include) -I. -Ibuild/gen/include

$(MUSL)/%.o: %.c Makefile lib/musl/musl.mk $(MUSL)/headers | $(GEN)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	@$(call compile,$(MUSL_CFLAGS))
$(MUSL)/%.o: %.S Makefile lib/musl/musl.mk | $(GEN)
	$(call say,AS,$<)
	@mkdir -p $(@D)
	@$(call compile,$(MUSL_CFLAGS))

PORTS  := $(patsubst user/%/port.mk,%,$(wildcard user/*/port.mk))
GUESTS := $(patsubst grade/guests/%.c,guest-%,$(wildcard grade/guests/*.c))
include $(patsubst %,user/%/port.mk,$(PORTS))
$(foreach g,$(GUESTS),$(eval objects-$g := $(MUSL)/grade/guests/$(g:guest-%=%).o))

musl_objects = $(patsubst $U/%,$(MUSL)/%,$(call program_objects,$1))
define musl_program_rule
$(MUSL_BIN)/$1: $(musl_objects) $(MUSL)/lib/crt0.o $(LIBMALLOC) $(MUSL)/libc.a build/gen/libusys.a linker/user.ld
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	@$$(LINK_PROGRAM) -o $$@.part $(MUSL)/lib/crt0.o $(musl_objects) --start-group $(LIBMALLOC) $(MUSL)/libc.a \
	    build/gen/libusys.a $(LIBGCC) --end-group && mv $$@.part $$@
endef
$(foreach p,$(PORTS) $(GUESTS) probe-musl,$(eval $(call musl_program_rule,$p)))

-include $(wildcard $(MUSL)/grade/guests/*.d $(MUSL)/user/*.d $(MUSL)/user/*/*.d)
