# Onering: every command a user types. `make help` lists them.
#
# The build in one paragraph: tools/syscalls.py turns kern/sys/syscalls.def into everything that both
# sides of the system-call line must agree on. Kernel sources become one archive for each shape and
# number of harts; programs and their libc are compiled once, for both shapes. An image is a link of
# those: with linker/kernel.ld the classical kernel, with linker/libos.ld a program fused with it.

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# --- Choices ---------------------------------------------------------------------------------------
# Each is a variable on the command line; a value that does not exist is refused.

APP ?=
-include $(if $(APP),$(wildcard user/$(APP)/app.mk))
SHAPE   ?= $(if $(APP),libos,kernel)
HARTS   ?= $(if $(filter libos,$(SHAPE)),1,8)
SYSCALL ?= call
SCHED   ?= rr
ROOTFS  ?= $(if $(filter libos,$(SHAPE)),none,cpio)
KALLOC  ?= firstfit
EMBED   ?= 0

SHAPES   := kernel libos
SYSCALLS := call trap
SCHEDS   := rr none
ROOTFSES := none cpio ramfs
KALLOCS  := firstfit
EMBEDS   := 0 1

# $(call check,VARIABLE,legal values)
check = $(if $(filter-out 1,$(words $($1)))$(filter-out $2,$($1)),\
        $(error $1=$($1): there is no such choice. $1 is one of: $2))
$(call check,SHAPE,$(SHAPES))
$(call check,SYSCALL,$(SYSCALLS))
$(call check,SCHED,$(SCHEDS))
$(call check,ROOTFS,$(ROOTFSES))
$(call check,KALLOC,$(KALLOCS))
$(call check,EMBED,$(EMBEDS))
$(call check,HARTS,$(shell seq 1 64))
ifeq ($(SHAPE)-$(APP),libos-)
$(error SHAPE=libos needs an application: make APP=hello)
endif
ifeq ($(SHAPE)-$(SCHED),kernel-none)
$(error SCHED=none: the kernel shape needs a scheduler. SCHED is one of: $(filter-out none,$(SCHEDS)))
endif

# How the machine is started.
MEMORY ?= 128M
SMP    ?= $(if $(filter libos,$(SHAPE)),$(HARTS),2)
ARGS   ?=

# --- Tools -----------------------------------------------------------------------------------------

NO_SETUP_GOALS := help clean doctor
SETUP_GROUP := $(if $(filter test test-full bench format format-check symbolize plugin,$(MAKECMDGOALS)),test,\
               $(if $(filter gdb qemu-gdb,$(MAKECMDGOALS)),debug,build))
ifneq ($(filter-out $(NO_SETUP_GOALS),$(or $(MAKECMDGOALS),all)),)
ifneq ($(shell tools/setup $(SETUP_GROUP) >&2; echo $$?),0)
$(error this machine lacks tools; see above, or try: make doctor)
endif
endif

GDB_SCRIPTS := $(wildcard tools/gdb/onering.py)
include tools/tools.mk
-include tools/bench.mk

CROSS := $(shell tools/toolchain)
CC    := $(CROSS)gcc
LD    := $(CROSS)ld
AR    := $(CROSS)ar
NM    := $(CROSS)nm
OBJCOPY := $(CROSS)objcopy

ARCH   := -march=rv64gc -mabi=lp64d -mcmodel=medany
CFLAGS := $(ARCH) -std=gnu11 -g -Wall -Wextra -Werror -ffreestanding -fno-pic -fno-pie -fno-common \
          -fno-stack-protector -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections \
          -ffile-prefix-map=$(CURDIR)/= -MMD -MP
# The kernel keeps frame pointers: its panics print a backtrace.
KERN_CFLAGS := $(CFLAGS) -Os -fno-omit-frame-pointer \
          -I. -Ibuild/gen/include -DHARTS=$(HARTS)
USER_CFLAGS := $(CFLAGS) -Os -Ilib/include -Ibuild/gen/include -I.
LDFLAGS := -nostdlib -static --gc-sections -z max-page-size=4096 -z noexecstack --no-warn-rwx-segments \
          --build-id=none

say = @printf '  %-7s %s\n' '$1' '$2'

# --- What follows from the system-call table -------------------------------------------------------

GEN := build/gen/stamp
$(GEN): kern/sys/syscalls.def tools/syscalls.py
	$(call say,GEN,$<)
	@$(PYTHON) tools/syscalls.py $< build/gen
	@touch $@

build/gen/usys.o build/gen/shim_table.o: build/gen/%.o: $(GEN)
	@$(CC) $(ARCH) -c build/gen/$*.S -o $@

build/gen/libusys.a: build/gen/usys.o
	@$(AR) rcsD $@ $<

# One object a call: an archive member is taken only if nothing else has the name.
build/gen/libenosys.a build/gen/libenosys_libos.a build/gen/libusys_trap.a: build/gen/lib%.a: $(GEN)
	@mkdir -p build/gen/$*.o && rm -f $@
	@for s in build/gen/$*/*.s; do \
	    $(CROSS)as -march=rv64gc -mabi=lp64d $$s -o build/gen/$*.o/$$(basename $$s .s).o || exit 1; done
	@$(AR) rcsD $@ build/gen/$*.o/*.o

# --- The kernel ------------------------------------------------------------------------------------
# K holds the objects of one shape for one number of harts; libkern.a has them all.

K := build/kern-$(SHAPE)-h$(HARTS)
ONLY_IN := $(if $(filter kernel,$(SHAPE)),proc,libos)
KERN_SRC := $(foreach d,riscv core mem alloc sched dev fs sys $(ONLY_IN),$(wildcard kern/$d/*.[cS]))
ifeq ($(SHAPE),libos) # has one address space
KERN_SRC := $(filter-out kern/mem/uaccess.c kern/mem/fault.c kern/mem/vmspace%,$(KERN_SRC))
endif
# Chosen by name at the link, not found by need:
CHOSEN_SRC := kern/mem/identity.c kern/sched/none.c \
              $(if $(filter kernel,$(SHAPE)),$(wildcard kern/images/*.c),kern/libos/shim.S)
KERN_OBJ := $(patsubst %,$K/%.o,$(basename $(filter-out $(CHOSEN_SRC),$(KERN_SRC))))
CHOSEN_OBJ := $(patsubst %,$K/%.o,$(basename $(CHOSEN_SRC)))

$(KERN_OBJ) $(CHOSEN_OBJ): KERN_CFLAGS += -Ikern/$(ONLY_IN)/shape
$K/%.o: %.c Makefile | $(GEN)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	@$(CC) $(KERN_CFLAGS) -c $< -o $@
$K/%.o: %.S Makefile | $(GEN)
	$(call say,AS,$<)
	@mkdir -p $(@D)
	@$(CC) $(KERN_CFLAGS) -c $< -o $@

# What every system call goes through, in the kernel shape, is built for speed, the rest for size.
HOT := $(wildcard kern/sched/*.c) kern/sys/file_rw.c kern/sys/futex.c kern/fs/file.c kern/fs/file_fd.c \
       kern/fs/fdtable.c kern/fs/io.c kern/fs/pipe.c kern/mem/uaccess.c kern/mem/fault.c \
       kern/mem/vmspace.c kern/mem/vmspace_pages.c kern/mem/pages.c kern/core/string.c kern/core/clock.c \
       kern/riscv/sv39.c kern/proc/user_trap.c kern/proc/getpid.c kern/proc/proc.c
ifeq ($(SHAPE),kernel)
$(patsubst %.c,$K/%.o,$(HOT)): KERN_CFLAGS += -O2
$(patsubst %.c,$K/%.o,$(filter kern/sched/% kern/mem/% kern/core/% kern/riscv/% kern/fs/fdtable.c kern/fs/io.c kern/sys/file_rw.c,$(HOT))): KERN_CFLAGS += -fomit-frame-pointer -ffixed-s0
endif
# A thunk is one jump; backtraces do without the functions next to the trap.
$K/dispatch.o $K/kern/proc/user_trap.o $K/kern/proc/getpid.o: KERN_CFLAGS += -fomit-frame-pointer

# gcc must not turn the loop inside memcpy into a call of memcpy.
$K/kern/core/string.o: KERN_CFLAGS += -fno-tree-loop-distribute-patterns

# The kernel shape calls system calls through the generated table.
ifeq ($(SHAPE),kernel)
KERN_OBJ += $K/dispatch.o
$K/dispatch.o: $(GEN) Makefile
	@mkdir -p $(@D)
	@$(CC) $(KERN_CFLAGS) -c build/gen/dispatch.c -o $@
endif

# Choices between equals are one-line objects.
ROOTFS_TYPE := $(patsubst %fs,%,$(ROOTFS))fs_type
define choice_object
$K/choice-$1-$2.o: Makefile
	@mkdir -p $$(@D)
	@printf '%s\n' '$3' | $$(CC) $$(KERN_CFLAGS) -MF /dev/null -x c -c - -o $$@
endef
$(eval $(call choice_object,sched,$(SCHED),struct sched_ops; extern const struct sched_ops sched_$(SCHED); const struct sched_ops *const sched_backend = &sched_$(SCHED);))
$(eval $(call choice_object,kalloc,$(KALLOC),struct heap_ops; extern const struct heap_ops heap_$(KALLOC); const struct heap_ops *const kernel_heap_ops = &heap_$(KALLOC);))
$(eval $(call choice_object,rootfs,$(ROOTFS),struct fs_type; $(if $(filter none,$(ROOTFS)),const struct fs_type *const root_fs_type = 0;,extern const struct fs_type $(ROOTFS_TYPE); const struct fs_type *const root_fs_type = &$(ROOTFS_TYPE);)))
CHOICES := $(if $(filter none,$(SCHED)),,$K/choice-sched-$(SCHED).o) $K/choice-kalloc-$(KALLOC).o $K/choice-rootfs-$(ROOTFS).o

$K/libkern.a: $(KERN_OBJ)
	$(call say,AR,$@)
	@rm -f $@ && $(AR) rcsD $@ $^
$K/libchoices-$(SCHED)-$(KALLOC)-$(ROOTFS).a: $(CHOICES)
	@rm -f $@ && $(AR) rcsD $@ $^
LIBCHOICES := $K/libchoices-$(SCHED)-$(KALLOC)-$(ROOTFS).a

# --- libc and programs: compiled once, linked in either shape --------------------------------------

U := build/user
LIBC_OBJ := $(patsubst %,$U/%.o,$(basename $(filter-out lib/crt0%,$(wildcard lib/*.[cS]))))

$U/%.o: %.c Makefile | $(GEN)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	@$(CC) $(USER_CFLAGS) -c $< -o $@
$U/%.o: %.S Makefile | $(GEN)
	$(call say,AS,$<)
	@mkdir -p $(@D)
	@$(CC) $(USER_CFLAGS) -c $< -o $@
$U/lib/memory.o: USER_CFLAGS += -O2 -fno-tree-loop-distribute-patterns

# Some tests overflow their stack on purpose.
$U/user/tests/%.o: USER_CFLAGS += -Wno-infinite-recursion

$U/libc.a: $(LIBC_OBJ)
	$(call say,AR,$@)
	@rm -f $@ && $(AR) rcsD $@ $^

# A program is user/NAME.c or the folder user/NAME/.
PROGRAMS := $(sort $(basename $(notdir $(wildcard user/*.c))) $(patsubst user/%/,%,$(filter-out user/tests/,$(dir $(wildcard user/*/*.c)))))
TESTS    := $(sort $(basename $(notdir $(wildcard user/tests/t-*.c))))
program_objects = $(patsubst %,$U/%.o,$(basename $(wildcard user/$1.c user/$1/*.c user/tests/$1.c)))
TEST_SUPPORT := $(patsubst %,$U/%.o,$(basename $(filter-out user/tests/t-%,$(wildcard user/tests/*.[cS]))))

LINK_PROGRAM = $(LD) $(LDFLAGS) -T linker/user.ld
define program_rule
$U/bin/$1: $(call program_objects,$1) $2 $U/lib/crt0.o $U/libc.a build/gen/libusys.a linker/user.ld
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	@$$(LINK_PROGRAM) -o $$@ $U/lib/crt0.o $(call program_objects,$1) $2 $U/libc.a build/gen/libusys.a
endef
$(foreach p,$(PROGRAMS),$(eval $(call program_rule,$p,)))
$(foreach p,$(TESTS),$(eval $(call program_rule,$p,$(TEST_SUPPORT))))

# --- The root file system --------------------------------------------------------------------------

ROOT := build/root.cpio
ROOT_FILES := $(wildcard user/root/* user/root/*/* user/tests/run-all)
$(ROOT): $(addprefix $U/bin/,$(PROGRAMS) $(TESTS)) $(ROOT_FILES) tools/mkroot
	$(call say,CPIO,$@)
	@tools/mkroot $@ $(CROSS)strip --programs $(addprefix $U/bin/,$(PROGRAMS)) \
	    --tests $(addprefix $U/bin/,$(TESTS)) $(wildcard user/tests/run-all)

# The embedded root (EMBED=1); an image without one gets an empty object.
$K/root-1.o: $(ROOT)
	@mkdir -p $(@D)
	@printf '.section .embedded,"a"\n.balign 8\n.globl embedded_root, embedded_root_end\nembedded_root: .incbin "$<"\nembedded_root_end:\n' \
	    | $(CC) $(ARCH) -x assembler -c - -o $@
$K/root-0.o: Makefile
	@mkdir -p $(@D)
	@printf '.section .rodata.root,"a"\n.globl embedded_root, embedded_root_end\nembedded_root:\nembedded_root_end:\n' \
	    | $(CC) $(ARCH) -x assembler -c - -o $@

# --- Images ----------------------------------------------------------------------------------------

KERNEL_LINK = $(LD) $(LDFLAGS) -T linker/kernel.ld -u _start
image_name = build/$1$(if $(filter 1,$(EMBED)),-embed)-h$(HARTS)/onering.elf

ifeq ($(SHAPE),kernel)
IMAGE := $(call image_name,kernel)
$(call image_name,boot): $K/kern/images/boot.o $K/kern/mem/identity.o
$(call image_name,maps): $K/kern/images/maps.o
$(call image_name,kernel): $K/kern/images/kernel.o $K/root-$(EMBED).o
$(foreach i,boot maps kernel,$(call image_name,$i)): $K/libkern.a $(LIBCHOICES) build/gen/libenosys.a linker/kernel.ld
	$(call say,LD,$@)
	@mkdir -p $(@D)
	@$(KERNEL_LINK) -Map=$(@:.elf=.map) -o $@ $(filter %.o,$^) --start-group $K/libkern.a $(LIBCHOICES) \
	    --end-group build/gen/libenosys.a
boot maps: %: $(call image_name,%)
	@echo $<
.PHONY: boot maps
boot: $(call image_name,boot)
maps: $(call image_name,maps)
endif

# --- The fused image -------------------------------------------------------------------------------
# Kernel and application share one namespace. Every kernel global but the system calls is renamed
# (kern.NAME), so that no application can replace a function of the kernel by defining its name.
# With SYSCALL=trap the system calls too get out of the way (k_sys_NAME) of the stubs that trap.

ifeq ($(SHAPE),libos)
APP_OBJ := $(call program_objects,$(APP))
ifeq ($(APP_OBJ),)
$(error APP=$(APP): there is no such program. APP is one of: $(PROGRAMS))
endif
TRAP  := $(filter trap,$(SYSCALL))
I     := build/app-$(APP)-$(SYSCALL)-$(SCHED)-$(ROOTFS)-h$(HARTS)
IMAGE := $I/onering.elf

# What the image is linked from, renamed into its own folder.
FUSED_OBJ := $K/kern/mem/identity.o $(if $(filter none,$(SCHED)),$K/kern/sched/none.o) \
             $(if $(TRAP),$K/kern/libos/shim.o) $K/root-0.o $K/app-$(APP).o
FUSED_LIB := $K/libkern.a $(LIBCHOICES) build/gen/libenosys_libos.a
fused = $(addprefix $I/,$(notdir $1))

$K/app-$(APP).o: Makefile
	@mkdir -p $(@D)
	@echo 'const char app_name[] = "$(APP)";' | $(CC) $(KERN_CFLAGS) -MF /dev/null -x c -c - -o $@
$I/symbols: $(FUSED_OBJ) $(FUSED_LIB) tools/rename-symbols
	@mkdir -p $(@D)
	@tools/rename-symbols $(NM) $(SYSCALL) build/gen/trap_symbols $(FUSED_OBJ) $(FUSED_LIB) > $@.part
	@mv $@.part $@
define fused_rule
$(call fused,$1): $1 $I/symbols
	@$$(OBJCOPY) --redefine-syms=$I/symbols $$< $$@
endef
$(foreach f,$(FUSED_OBJ) $(FUSED_LIB),$(eval $(call fused_rule,$f)))
$I/libusys_trap.a: build/gen/libusys_trap.a $I/symbols
	@$(OBJCOPY) --redefine-sym init_entry_shim_init=kern.init_entry_shim_init $< $@
$I/shim_table.o: build/gen/shim_table.o
	@cp $< $@

FUSED_LINK := $(APP_OBJ) $U/lib/crt0_libos.o $(call fused,$(FUSED_OBJ)) $(if $(TRAP),$I/shim_table.o)
FUSED_GROUP := $U/libc.a $(if $(TRAP),$I/libusys_trap.a) $(call fused,$K/libkern.a $(LIBCHOICES))
$(IMAGE): $(FUSED_LINK) $(FUSED_GROUP) $(call fused,build/gen/libenosys_libos.a) linker/libos.ld
	$(call say,LD,$@)
	@$(LD) $(LDFLAGS) -T linker/libos.ld -Map=$I/onering.map -o $@ -u _start $(FUSED_LINK) \
	    --start-group $(FUSED_GROUP) --end-group \
	    --start-group $(call fused,build/gen/libenosys_libos.a $K/libkern.a) --end-group
endif

# --- Commands --------------------------------------------------------------------------------------

.PHONY: all qemu run test test-full bench format format-check clean distclean help
all: $(IMAGE) $(if $(filter kernel,$(SHAPE)),$(ROOT))          ## build the kernel and its programs

qemu run: all                     ## boot: a shell, or with APP=name that program as a unikernel
	@$(PYTHON) tools/qemu $(machine)

test: all                         ## run every test
	@$(PYTHON) -m pytest -q -n 2 grade

format:                           ## let clang-format lay out the C sources
	@clang-format -i $(shell git ls-files -co --exclude-standard '*.c' '*.h')
format-check:                     ## does clang-format agree with every C source?
	@clang-format --dry-run -Werror $(shell git ls-files -co --exclude-standard '*.c' '*.h')

clean:                            ## remove everything that was built
	rm -rf build

help:                             ## this list
	@echo 'make ...'
	@grep -hE '^[a-z][a-z -]*:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /|/' | \
	    awk -F'|' '{ printf "  %-14s %s\n", $$1, $$2 }'
	@echo 'choices (VARIABLE=value):'
	@echo '  APP=name       a program of user/ as a unikernel (SHAPE=libos)'
	@echo '  ARGS="..."     arguments for it, or for init'
	@echo '  HARTS=$(HARTS)        harts the image can use       SMP=$(SMP)  harts of the machine'
	@echo '  MEMORY=$(MEMORY)    memory of the machine         EMBED=1  root file system inside the image'
	@echo '  SCHED=$(SCHEDS)    SYSCALL=$(SYSCALLS)    KALLOC=$(KALLOCS)    ROOTFS=$(ROOTFSES)'

-include $(wildcard build/*/kern/*/*.d build/user/*/*.d build/user/*/*/*.d)
