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
# What an application asks for by default; the command line wins.
-include $(if $(filter-out kernel,$(or $(SHAPE),libos)),$(if $(APP),$(wildcard user/$(APP)/app.mk)))
SHAPE   ?= $(if $(APP),libos,kernel)
HARTS   ?= $(if $(filter libos,$(SHAPE)),1,8)
SYSCALL ?= call
SCHED   ?= rr
ROOTFS  ?= $(if $(filter libos,$(SHAPE)),none,cpio)
KALLOC  ?= firstfit
# Processes have the heap that students write in lab 6; until then theirs have the one they are given.
PROCESS_HEAP := $(if $(wildcard .lab/state.json),firstfit,tlsf)
ALLOC   ?= $(if $(filter libos,$(SHAPE)),$(KALLOC),$(PROCESS_HEAP))
PAGING  ?= static
CONSOLE ?= auto
EMBED   ?= 0
LTO     ?= 0
LIBC    ?= tiny
HEAP_STATS ?= 0
HEAP_CHECK ?= 0
HEAP_FAIL  ?= 0
HEAP_TRACE ?= $(if $(filter heap-map,$(MAKECMDGOALS)),1,0)

SHAPES   := kernel libos
SYSCALLS := call trap
SCHEDS   := rr none
ROOTFSES := none cpio ramfs
HEAPS    := $(sort $(shell sed -n 's,^const struct heap_ops heap_\([a-z0-9]*\) = .*,\1,p' kern/alloc/*.c))
KALLOCS  := $(filter-out bump,$(HEAPS))
PAGINGS  := static bare
CONSOLES := auto both out
EMBEDS   := 0 1
LTOS     := 0 1
LIBCS    := tiny musl

# $(call check,VARIABLE,legal values)
check = $(if $(filter-out 1,$(words $($1)))$(filter-out $2,$($1)),\
        $(error $1=$($1): there is no such choice. $1 is one of: $2))
# $(call check_number,VARIABLE,most)
check_number = $(if $(filter-out 1,$(words $($1)))$(filter-out $(shell seq 1 $2),$($1)),\
               $(error $1=$($1): $1 is a number from 1 to $2))
$(call check,SHAPE,$(SHAPES))
$(call check,SYSCALL,$(SYSCALLS))
$(call check,SCHED,$(SCHEDS))
$(call check,ROOTFS,$(ROOTFSES))
ifeq ($(KALLOC),bump)
$(error KALLOC=bump: it takes back no memory but the last block, and a kernel would run out of it. KALLOC is one of: $(KALLOCS))
endif
$(call check,KALLOC,$(KALLOCS))
ifneq ($(filter tiny-libc tiny-picolibc,$(LIBC)-$(ALLOC)),)
$(error ALLOC=$(ALLOC): that is for LIBC=musl. LIBC=tiny has no malloc of its own; ALLOC is one of: $(HEAPS))
endif
ifeq ($(ALLOC)-$(filter mine,$(HEAPS)),mine-)
$(error ALLOC=mine: that is kern/alloc/mine.c, which is yours to write, in lab 6. It is not there yet, or has no line that begins with `const struct heap_ops heap_mine = `)
endif
$(call check,ALLOC,$(HEAPS) libc picolibc)
$(call check,PAGING,$(PAGINGS))
$(call check,CONSOLE,$(CONSOLES))
$(call check,EMBED,$(EMBEDS))
$(call check,LTO,$(LTOS))
$(call check,LIBC,$(LIBCS))
$(foreach v,HEAP_STATS HEAP_CHECK HEAP_TRACE,$(call check,$v,0 1))
$(if $(or $(filter-out 1,$(words $(HEAP_FAIL))),$(shell echo '$(HEAP_FAIL)' | grep -vE '^[0-9]{1,9}\+?$$')),\
    $(error HEAP_FAIL=$(HEAP_FAIL): say which request is to fail, as a number: HEAP_FAIL=17. 17+: all from there on))
$(call check_number,HARTS,64)
ifneq ($(DRIVERS),)
$(error DRIVERS=$(DRIVERS): there is nothing to choose. A driver is in the images that reach it)
endif
ifeq ($(SHAPE)-$(APP),libos-)
$(error SHAPE=libos needs an application: make APP=hello)
endif
ifneq ($(filter-out 1,$(HARTS)),)
ifeq ($(SHAPE)-$(SCHED),libos-none)
$(error SCHED=none HARTS=$(HARTS): without a scheduler one hart does all the work. Choose HARTS=1 or SCHED=rr)
endif
endif
ifeq ($(SHAPE)-$(SCHED),kernel-none)
$(error SCHED=none: the kernel shape needs a scheduler. SCHED is one of: $(filter-out none,$(SCHEDS)))
endif
ifeq ($(CONSOLE)-$(SHAPE),out-kernel)
$(error CONSOLE=out is for fused images: the shell reads the console)
endif
ifeq ($(LTO)-$(SHAPE),1-kernel)
$(error LTO=1 is for fused images: make APP=hello LTO=1)
endif
ifeq ($(LTO)-$(LIBC),1-musl)
$(error LTO=1 LIBC=musl: musl is built once, as it is. Choose one of the two)
endif
ifeq ($(LTO)-$(SYSCALL),1-trap)
$(error LTO=1 SYSCALL=trap: the shim needs renamed symbols, which LTO cannot have. Choose one of the two)
endif

# How the machine is started.
MEMORY ?= 128M
SMP    ?= $(if $(filter libos,$(SHAPE)),$(HARTS),2)
ARGS   ?=
$(call check_number,SMP,64)

# --- Tools -----------------------------------------------------------------------------------------

NO_SETUP_GOALS := help clean doctor labs lab-% look hint catchup uncatchup predict save catchup-pack
SETUP_GROUP := $(if $(filter test test-full test-rounds bench bench-alloc heap-map heap-replay format format-check symbolize plugin size why graph grade grade-% watch soak selftest% measure,$(MAKECMDGOALS)),test,\
               $(if $(filter gdb qemu-gdb qemu-gdb-% bug-%,$(MAKECMDGOALS)),debug,build))
ifneq ($(filter-out $(NO_SETUP_GOALS),$(or $(MAKECMDGOALS),all)),)
ifneq ($(shell tools/setup $(SETUP_GROUP) >&2; echo $$?),0)
$(error this machine lacks tools; see above, or try: make doctor)
endif
endif

GDB_SCRIPTS := $(wildcard tools/gdb/onering.py)
include tools/tools.mk
include tools/bench.mk
-include grade/tests.mk
-include grade/grader.mk

CROSS := $(shell tools/toolchain)
CC    := $(CROSS)gcc
LD    := $(CROSS)ld
AR    := $(CROSS)ar
NM    := $(CROSS)nm
OBJCOPY := $(CROSS)objcopy

ARCH   := -march=rv64gc -mabi=lp64d -mcmodel=medany
CFLAGS := $(ARCH) -std=gnu11 -g -Wall -Wextra -Werror -ffreestanding -fno-pic -fno-pie -fno-common \
          -fno-stack-protector -fno-asynchronous-unwind-tables -ffunction-sections -fdata-sections \
          -malign-data=natural \
          -ffile-prefix-map=$(CURDIR)/= -fdebug-prefix-map=$(CURDIR)=. -MMD -MP
-include labs/labs.mk
# The classical kernel keeps frame pointers: its panics print a backtrace. Fused, it is linked with what
# has none, and does without.
KERN_CFLAGS := $(CFLAGS) -Os $(if $(filter kernel,$(SHAPE)),-fno-omit-frame-pointer) \
          -I. -Ibuild/gen/include -DHARTS=$(HARTS)
USER_CFLAGS := $(CFLAGS) -Os -Ilib/include -Ibuild/gen/include -I.
COMPACT := -msave-restore # functions share the code that saves registers: lib/save_restore.S
LDFLAGS := -nostdlib -static --gc-sections -z max-page-size=4096 -z noexecstack --no-warn-rwx-segments \
          --build-id=none

# Objects for link-time optimisation live in folders of their own.
LTO_SUFFIX := $(if $(filter 1,$(LTO)),-lto)
LTO_FLAGS  := $(if $(filter 1,$(LTO)),-flto)

# What is made appears under its name when it is whole, however the build is interrupted.
# Until then it is called .part and the number of the shell: two builds at once do not meet.
PART    = .part$$$$
whole   = mv $@$(PART) $@
compile_part = $(CC) $1 -MF $(@:.o=.d) -MT $@ -c $< -o $@$(PART)
compile = $(compile_part) && $(whole)
archive = $(AR) rcsPD $@$(PART) $1 && $(whole)
# What stands on standard input, a line or two of C.
compile_line = $(CC) $1 -MF /dev/null -x c -c - -o $@$(PART) && $(whole)

# $(call list_file,FILE,words): FILE holds the words, and is new when they are others than before. So
# an archive forgets the object of a source that is gone.
define list_file
$1: FORCE
	@mkdir -p $$(@D); echo '$2' | cmp -s - $$@ || echo '$2' > $$@
endef
FORCE:

say = @printf '  %-7s %s\n' '$1' '$2'

# Whether somebody watches the heaps (kern/alloc/watch.c), and in which ways.
WATCHED := $(strip $(if $(filter 1,$(HEAP_STATS)),stats) $(if $(filter 1,$(HEAP_CHECK)),check) $(if $(filter 1,$(HEAP_TRACE)),trace) $(if $(filter-out 0,$(HEAP_FAIL)),fail))
WATCH_SUFFIX := $(subst $() ,,$(addprefix -,$(WATCHED)))
WATCH_FLAGS  := $(if $(WATCHED),-Ikern/alloc/watched -DHEAP_STATS=$(HEAP_STATS) -DHEAP_CHECK=$(HEAP_CHECK) -DHEAP_TRACE=$(HEAP_TRACE) -DHEAP_FAIL=$(if $(filter 0,$(HEAP_FAIL)),0,1),-Ikern/alloc/quiet)
NOT_HERE     := kern/alloc/kmalloc.c $(if $(WATCHED),,kern/alloc/watch.c)

# --- What follows from the system-call table -------------------------------------------------------

GEN := build/gen/stamp
CALLS := kern/sys/syscalls.def $(filter-out kern/sys/syscalls.def,$(wildcard kern/sys/*.def))
$(eval $(call list_file,build/gen/calls.list,$(CALLS)))
$(GEN): $(CALLS) tools/syscalls.py tools/hole.py build/gen/calls.list
	$(call say,GEN,$<)
	@$(PYTHON) tools/syscalls.py $(CALLS) build/gen
	@touch $@
# Whoever includes these learns in the same run of make that they are new.
$(addprefix build/gen/include/onering/,syscalls.h by_number.h): $(GEN)
	@:

build/gen/usys.o build/gen/shim_table.o: build/gen/%.o: $(GEN)
	@$(CC) $(ARCH) -c build/gen/$*.S -o $@$(PART) && $(whole)

build/gen/libusys.a: build/gen/usys.o
	@$(call archive,$<)

# One object a call: an archive member is taken only if nothing else has the name.
build/gen/libenosys.a build/gen/libenosys_libos.a build/gen/libusys_trap.a: build/gen/lib%.a: $(GEN)
	@mkdir -p build/gen/$*.o
	@for s in build/gen/$*/*.s; do \
	    $(CROSS)as -march=rv64gc -mabi=lp64d $$s -o build/gen/$*.o/$$(basename $$s .s).o || exit 1; done
	@$(AR) rcsD $@$(PART) build/gen/$*.o/*.o && $(whole)

# --- The kernel ------------------------------------------------------------------------------------
# K holds the objects of one shape for one number of harts; libkern.a has them all.

K := build/kern-$(SHAPE)-h$(HARTS)$(LTO_SUFFIX)$(WATCH_SUFFIX)
ONLY_IN := $(if $(filter kernel,$(SHAPE)),proc,libos)
KERN_SRC := $(foreach d,riscv core mem alloc sched dev fs sys $(ONLY_IN),$(wildcard kern/$d/*.[cS]))
ifeq ($(SHAPE),libos) # has one address space, and the C library's string functions
KERN_SRC := $(filter-out kern/core/backtrace.c kern/core/string.c kern/mem/uaccess.c kern/mem/fault.c kern/mem/vmspace% \
              kern/mem/kmap.c kern/mem/kstack.c,$(KERN_SRC))
endif
KERN_SRC := $(if $(WATCHED),$(KERN_SRC),$(filter-out kern/alloc/watch.c,$(KERN_SRC)))
# Chosen by name at the link, not found by need:
CHOSEN_SRC := kern/mem/identity.c kern/sched/none.c \
              $(if $(filter kernel,$(SHAPE)),$(wildcard kern/images/*.[cS] kern/images/*/*.[cS]),kern/libos/malloc.c kern/libos/shim.S $(wildcard kern/libos/paging_*.c))
KERN_OBJ := $(patsubst %,$K/%.o,$(basename $(filter-out $(CHOSEN_SRC),$(KERN_SRC))))
CHOSEN_OBJ := $(patsubst %,$K/%.o,$(basename $(CHOSEN_SRC)))

$(KERN_OBJ) $(CHOSEN_OBJ): KERN_CFLAGS += -Ikern/$(ONLY_IN)/shape $(WATCH_FLAGS)
$K/%.o: %.c Makefile | $(GEN)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	@$(call compile,$(KERN_CFLAGS) $(LTO_FLAGS))
$K/%.o: %.S Makefile | $(GEN)
	$(call say,AS,$<)
	@mkdir -p $(@D)
	@$(call compile,$(KERN_CFLAGS))

# What every system call goes through, in the kernel shape, is built for speed, the rest for size.
HOT := $(wildcard kern/sched/*.c) kern/sys/file_rw.c kern/sys/futex.c kern/fs/file.c kern/fs/file_fd.c \
       kern/fs/fdtable.c kern/fs/io.c kern/fs/pipe.c kern/mem/uaccess.c kern/mem/fault.c \
       kern/mem/vmspace.c kern/mem/vmspace_pages.c kern/mem/pages.c kern/core/string.c kern/core/clock.c \
       kern/riscv/sv39.c kern/riscv/sv39_range.c kern/proc/user_trap.c kern/proc/getpid.c kern/proc/proc.c
ifeq ($(SHAPE),kernel)
$(patsubst %.c,$K/%.o,$(HOT)): KERN_CFLAGS += -O2
$(patsubst %.c,$K/%.o,$(filter kern/sched/% kern/mem/% kern/core/% kern/riscv/% kern/fs/fdtable.c kern/fs/io.c kern/sys/file_rw.c,$(HOT))): KERN_CFLAGS += -fomit-frame-pointer -ffixed-s0
endif
ifeq ($(SHAPE)-$(LTO),libos-0) # is small first, but for these and for what a boot mostly does
$(filter-out $(patsubst %.c,$K/%.o,$(filter-out kern/mem/% kern/fs/file.c kern/fs/io.c,$(HOT)) kern/dev/machine.c),$(KERN_OBJ) $(CHOSEN_OBJ)): KERN_CFLAGS += $(COMPACT)
endif
# So is malloc of a fused image, but for the heap with the least code.
ifeq ($(SHAPE),libos)
$(patsubst %,$K/kern/%.o,alloc/bump alloc/buddy alloc/tlsf alloc/slab alloc/runs alloc/tags alloc/heap libos/malloc): KERN_CFLAGS += -O2 -mno-save-restore -fno-tree-slp-vectorize
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
	@$(CC) $(KERN_CFLAGS) -c build/gen/dispatch.c -o $@$(PART) && $(whole)
endif

# Choices between equals are one-line objects.
ROOTFS_TYPE := $(patsubst %fs,%,$(ROOTFS))fs_type
define choice_object
$K/choice-$1-$2.o: Makefile
	@mkdir -p $$(@D)
	@printf '%s\n' '$3' | $$(call compile_line,$$(KERN_CFLAGS))
endef
$(eval $(call choice_object,sched,$(SCHED),struct sched_ops; extern const struct sched_ops sched_$(SCHED); const struct sched_ops *const sched_backend = &sched_$(SCHED);))
$(eval $(call choice_object,kalloc,$(KALLOC),struct heap_ops; extern const struct heap_ops heap_$(KALLOC); const struct heap_ops *const kernel_heap_ops = &heap_$(KALLOC);))
$(eval $(call choice_object,rootfs,$(ROOTFS),struct fs_type; $(if $(filter none,$(ROOTFS)),const struct fs_type *const root_fs_type = 0;,extern const struct fs_type $(ROOTFS_TYPE); const struct fs_type *const root_fs_type = &$(ROOTFS_TYPE);)))
# Without input: the entry by which it is asked for, defined as nothing.
$(eval $(call choice_object,console,out,const long init_entry_tty_input_init;))
choice_alloc = struct heap_ops; extern const struct heap_ops heap_$1; const struct heap_ops *const program_heap_ops = &heap_$1;
$(eval $(call choice_object,alloc,$(ALLOC),$(call choice_alloc,$(ALLOC))))
CHOICES := $(if $(filter none,$(SCHED)),,$K/choice-sched-$(SCHED).o) $K/choice-kalloc-$(KALLOC).o $K/choice-rootfs-$(ROOTFS).o

$(eval $(call list_file,$K/libkern.list,$(KERN_OBJ)))
$K/libkern.a: $(KERN_OBJ) $K/libkern.list
	$(call say,AR,$@)
	@$(call archive,$(KERN_OBJ))
$K/libchoices-$(SCHED)-$(KALLOC)-$(ROOTFS).a: $(CHOICES)
	@$(call archive,$^)
LIBCHOICES := $K/libchoices-$(SCHED)-$(KALLOC)-$(ROOTFS).a

# --- libc and programs: compiled once, linked in either shape --------------------------------------

U := build/user
# malloc of programs: all heaps, and one object with the nine names and the kind that ALLOC= says.
# ALLOC=libc is musl's own. What lies in the root file system of a fused image is not fused.
PROCESS_ALLOC := $(if $(filter kernel,$(SHAPE)),$(ALLOC),$(PROCESS_HEAP))
ALLOC_SUFFIX  := $(addprefix -,$(filter-out tlsf,$(PROCESS_ALLOC)))$(WATCH_SUFFIX)
H := $U$(WATCH_SUFFIX)
HEAP_OBJ := $(patsubst %.c,$H/%.o,$(filter-out $(NOT_HERE),$(wildcard kern/alloc/*.c)))
$(eval $(call list_file,$H/libheap.list,$(HEAP_OBJ)))
$H/libheap.a: $(HEAP_OBJ) $H/libheap.list
	@$(call archive,$(HEAP_OBJ))
$H/alloc-$(PROCESS_ALLOC).o: Makefile
	@mkdir -p $(@D)
	@printf '%s\n' '$(call choice_alloc,$(PROCESS_ALLOC))' | $(call compile_line,$(USER_CFLAGS))
$H/libmalloc-$(PROCESS_ALLOC).a: $H/lib/alloc/process.o $H/alloc-$(PROCESS_ALLOC).o
	@$(call archive,$^)
ifdef WATCH_SUFFIX
$H/%.o: %.c Makefile | $(GEN)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	@$(call compile,$(USER_CFLAGS))
endif
# $(call malloc_archives,ALLOC,FOLDER): what goes before the libc, so that a malloc of its own is never taken.
malloc_archives = $(if $(filter libc,$1),,$(if $(filter picolibc,$1),build/picolibc/libmalloc.a,$2/libmalloc-$1.a)) $H/libheap.a
LIBMALLOC := $(call malloc_archives,$(PROCESS_ALLOC),$H)

LIBC_OBJ := $(patsubst %,$U/%.o,$(basename $(filter-out lib/crt0%,$(wildcard lib/*.[cS]))))

$U/%.o: %.c Makefile | $(GEN)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	@$(call compile,$(USER_CFLAGS) $(COMPACT))
$U/%.o: %.S Makefile | $(GEN)
	$(call say,AS,$<)
	@mkdir -p $(@D)
	@$(call compile,$(USER_CFLAGS))
$(HEAP_OBJ) $H/lib/alloc/process.o: USER_CFLAGS += -O2 -mno-save-restore -fno-tree-slp-vectorize $(WATCH_FLAGS)
$U/lib/memory.o: USER_CFLAGS += -O2 -fno-tree-loop-distribute-patterns

# Some tests overflow their stack on purpose.
$U/user/tests/%.o $U/user/fused/%.o: USER_CFLAGS += -Wno-infinite-recursion -Wno-use-after-free

$(eval $(call list_file,$U/libc.list,$(LIBC_OBJ)))
$U/libc.a: $(LIBC_OBJ) $U/libc.list
	$(call say,AR,$@)
	@$(call archive,$(LIBC_OBJ))

# A program is user/NAME.c or the folder user/NAME/.
# probe-NAME reports facts to a lab's tests: in that lab's root only, or fused (APP=probe-NAME).
PROGRAMS := $(sort $(basename $(notdir $(wildcard user/*.c))) $(patsubst user/%/,%,$(filter-out user/tests/ user/fused/ user/probe-%,$(dir $(wildcard user/*/*.c)))))
PROBES   := $(patsubst user/%/,%,$(sort $(dir $(wildcard user/probe-*/*.c))))
TESTS    := $(sort $(basename $(notdir $(wildcard user/tests/t-*.c))))
FUSED_ONLY := $(basename $(notdir $(wildcard user/fused/*.c))) # what makes sense as a unikernel only
# The probes of lab 5 have a script in common.
objects-probe-musl := $(patsubst %,$U/user/probe-call/%.o,script threads raw)
program_objects = $(objects-$1) $(patsubst %,$U/%.o,$(basename $(wildcard user/$1.c user/$1/*.[cS] user/tests/$1.c user/fused/$1.c)))
TEST_SUPPORT := $(patsubst %,$U/%.o,$(basename $(filter-out user/tests/t-%,$(wildcard user/tests/*.[cS]))))

USER_BIN := $U/bin$(ALLOC_SUFFIX)
LINK_PROGRAM = $(LD) $(LDFLAGS) -T linker/user.ld
define program_rule
$(USER_BIN)/$1: $(call program_objects,$1) $2 $U/lib/crt0.o $(LIBMALLOC) $U/libc.a build/gen/libusys.a linker/user.ld
	$$(call say,LD,$$@)
	@mkdir -p $$(@D)
	@tools/link-program '$(call check_program,$1)' $$(LINK_PROGRAM) -o $$@$$(PART) $U/lib/crt0.o \
	    $(call program_objects,$1) $2 --start-group $(LIBMALLOC) $U/libc.a --end-group build/gen/libusys.a && $$(whole)
endef
check_program = tools/check-names --nm $(NM) --app $1 --process --calls build/gen/trap_symbols --objects $(call program_objects,$1)
$(foreach p,$(PROGRAMS) $(PROBES),$(eval $(call program_rule,$p,)))
$(foreach p,$(TESTS),$(eval $(call program_rule,$p,$(TEST_SUPPORT))))

ifeq ($(LIBC),musl)
include lib/musl/musl.mk
endif

# --- The root file system --------------------------------------------------------------------------

# All programs, with LIBC=musl also those that need it; or, in the fused shape, the application's own
# folder root/ if it has one.
APP_TREE := $(if $(filter libos,$(SHAPE)),$(wildcard user/$(APP)/root))
ROOT := build/root$(if $(APP_TREE),-$(APP),$(if $(filter musl,$(LIBC)),-musl)$(ALLOC_SUFFIX)).cpio
ROOT_TREES := $(or $(APP_TREE),$(wildcard $(PORTS:%=user/%/root)))
ROOT_PROGRAMS := $(if $(APP_TREE),,$(PROGRAMS:%=$(USER_BIN)/%) $(PORTS:%=$(MUSL_BIN)/%))
ROOT_TESTS := $(if $(APP_TREE),,$(TESTS:%=$(USER_BIN)/%) $(wildcard user/tests/run-all))
ROOT_FILES := $(wildcard user/root/* user/root/*/*) $(if $(ROOT_TREES),$(shell find $(ROOT_TREES)))
$(ROOT): $(ROOT_PROGRAMS) $(ROOT_TESTS) $(ROOT_FILES) tools/mkroot
	$(call say,CPIO,$@)
	@tools/mkroot $@ $(CROSS)strip --programs $(ROOT_PROGRAMS) --tests $(ROOT_TESTS) --trees $(ROOT_TREES)

# The embedded root (EMBED=1); an image without one gets an empty object.
$K/root-1.o: $(ROOT)
	@mkdir -p $(@D)
	@printf '.section .embedded,"a"\n.balign 8\n.globl embedded_root, embedded_root_end\nembedded_root: .incbin "$<"\nembedded_root_end:\n' \
	    | $(CC) $(ARCH) -x assembler -c - -o $@$(PART) && $(whole)
$K/root-0.o: Makefile
	@mkdir -p $(@D)
	@printf '.section .rodata.root,"a"\n.globl embedded_root, embedded_root_end\nembedded_root:\nembedded_root_end:\n' \
	    | $(CC) $(ARCH) -x assembler -c - -o $@$(PART) && $(whole)

# --- Images ----------------------------------------------------------------------------------------

KERNEL_LINK = $(LD) $(LDFLAGS) -T linker/kernel.ld -u _start
# The usual choices are not in the name.
KERNEL_KEY := $(subst $() ,,$(addprefix -,$(filter-out rr firstfit cpio,$(SCHED) $(KALLOC) $(ROOTFS)))$(if $(filter 1,$(EMBED)),-embed)$(WATCH_SUFFIX))
image_name = build/$1$(KERNEL_KEY)-h$(HARTS)/onering.elf

ifeq ($(SHAPE),kernel)
IMAGE := $(call image_name,kernel)
# An image is kern/images/NAME.c and what is in the folder NAME/.
image_objects = $(patsubst %,$K/%.o,$(basename $(wildcard kern/images/$1.c kern/images/$1/*.[cS])))
COURSE_IMAGES := spark boot maps threads two
$(foreach i,$(COURSE_IMAGES) kernel,$(eval $(call image_name,$i): $(call image_objects,$i)))
$(call image_name,spark): $K/kern/images/probe.o
$(call image_name,boot): $K/kern/images/probe.o $K/kern/mem/identity.o
# What a script does to heaps; in `heaps` to one of the kind that ALLOC= says.
HEAPS_IMAGE := $(call image_name,heaps-$(ALLOC))
$(HEAPS_IMAGE): $(call image_objects,heaps) $K/choice-alloc-$(ALLOC).o
$(HEAPS_IMAGE) $(call image_name,two): $(call image_objects,replay)
$(HEAPS_IMAGE) $(foreach i,boot maps threads two,$(call image_name,$i)): $K/kern/images/commands.o
$(call image_name,kernel): $K/root-$(EMBED).o
# The kernel shape again, with one source torn to pieces (kern/images/torn.c).
TORN_OBJ := $(patsubst %.c,$K/torn/%.o,$(wildcard kern/sys/box.c))
$(call image_name,torn): $(call image_objects,kernel) $(call image_objects,torn) $K/root-$(EMBED).o $(TORN_OBJ)
$K/torn/%.o: %.c Makefile | $(GEN)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	@$(call compile,$(KERN_CFLAGS) -Ikern/$(ONLY_IN)/shape $(WATCH_FLAGS) -fsanitize=thread -include kern/images/torn.h)
# It includes another source, whatever functions that may have: they are not for others.
$K/kern/images/spark/keep.o: kern/images/spark/keep.c Makefile | $(GEN)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	@$(call compile_part,$(KERN_CFLAGS)) && \
	$(OBJCOPY) $(addprefix --keep-global-symbol=,keep_argument keep_memory) $@$(PART) && $(whole)
KERNEL_LIBS := $K/libkern.a $(LIBCHOICES) build/gen/libenosys.a
IMAGE_INPUT := $(call image_objects,kernel) $K/root-$(EMBED).o $(KERNEL_LIBS) linker/kernel.ld
# $(call link_kernel,OUTPUT,MAP,more words for the linker,objects)
link_kernel = $(KERNEL_LINK) $3 -Map=$2 -o $1$(PART) $4 --start-group $K/libkern.a $(LIBCHOICES) \
    --end-group build/gen/libenosys.a && mv $1$(PART) $1
link_image = $(call link_kernel,$1,$2,$3,$(filter %.o,$(IMAGE_INPUT)))
$(HEAPS_IMAGE) $(foreach i,$(COURSE_IMAGES) kernel torn,$(call image_name,$i)): $(KERNEL_LIBS) linker/kernel.ld
	$(call say,LD,$@)
	@mkdir -p $(@D)
	@$(call link_kernel,$@,$(@:.elf=.map),,$(filter %.o,$^))
$(foreach i,$(COURSE_IMAGES),$(eval $i: $(call image_name,$i)))
heaps: $(HEAPS_IMAGE)
$(COURSE_IMAGES) heaps:
	@echo $<
.PHONY: $(COURSE_IMAGES) heaps wall wall-torn process called walled

# The kernel shape, and a root in which init is a probe.
wall: $(call image_name,kernel) build/wall.cpio
wall-torn: $(call image_name,torn) build/wall.cpio
process: $(call image_name,kernel) build/process.cpio
called: $(call image_name,kernel) build/called.cpio
walled: $(call image_name,kernel) build/walled.cpio # with LIBC=musl
wall wall-torn process called walled:
	@printf 'elf=%s\ninitrd=%s\n' $^
$(patsubst %,build/%.cpio,wall process called walled): build/%.cpio: $U/%/init tools/mkroot
	$(call say,CPIO,$@)
	@tools/mkroot $@ $(CROSS)strip --programs $<
$U/wall/init: $(USER_BIN)/probe-wall
$U/process/init: $(USER_BIN)/probe-fused
$U/called/init: $(USER_BIN)/probe-call
$U/walled/init: $(MUSL_BIN)/probe-musl
$(patsubst %,$U/%/init,wall process called walled):
	@mkdir -p $(@D) && cp $< $@$(PART) && $(whole)
endif

# --- The fused image -------------------------------------------------------------------------------
# Kernel and application share one namespace. Every kernel global but the system calls is renamed
# (kern.NAME), so that no application can replace a function of the kernel by defining its name.
# With SYSCALL=trap the system calls too get out of the way (k_sys_NAME) of the stubs that trap.
# With LTO=1 nothing can be renamed, and a name that both sides define is an error.

ifeq ($(SHAPE),libos)
ifneq ($(words $(APP))-$(filter $(PROGRAMS) $(PROBES) $(TESTS) $(FUSED_ONLY) $(PORTS) $(GUESTS),$(APP)),1-$(APP))
$(if $(wildcard user/$(APP)/port.mk),$(error APP=$(APP) LIBC=$(LIBC): $(APP) needs LIBC=musl))
$(error APP=$(APP): there is no such program. APP is one of: $(PROGRAMS) $(TESTS) $(PORTS) $(GUESTS))
endif

# One folder for each combination of choices: what is linked is never what another one left.
TRAP  := $(filter trap,$(SYSCALL))
KEY   := $(filter musl,$(LIBC)) $(SYSCALL) $(SCHED) $(ROOTFS) $(KALLOC) $(filter-out $(KALLOC),$(ALLOC)) $(PAGING) h$(HARTS) $(if $(filter 1,$(EMBED)),embed) $(if $(filter-out auto,$(CONSOLE)),console-$(CONSOLE)) $(WATCHED)
space := $(subst ,, )
I     := build/app-$(APP)-$(subst $(space),-,$(strip $(KEY)))$(LTO_SUFFIX)
IMAGE := $I/onering.elf

# The application and its libc. Without LTO these are the objects of a process.
A := $(if $(filter musl,$(LIBC)),$(MUSL),$U$(LTO_SUFFIX))
for_image = $(patsubst $U/%,$A/%,$1)
APP_OBJ   := $(call for_image,$(call program_objects,$(APP)) $(if $(filter $(TESTS),$(APP)),$(TEST_SUPPORT)))
APP_LIBC  := $A/libc.a

# R holds the kernel's objects as an image links them: renamed, or with LTO just as they are.
R := $K$(if $(LTO_SUFFIX),,/$(SYSCALL))
FUSED_OBJ := $(patsubst %,$R/%.o,kern/libos/paging_$(PAGING) \
             $(if $(filter bare,$(PAGING)),kern/mem/identity) root-$(EMBED) app-$(APP) \
             $(if $(filter out,$(CONSOLE)),choice-console-out) \
             $(if $(filter none,$(SCHED)),kern/sched/none) $(if $(TRAP),kern/libos/shim))
CONSOLE_INPUT := $(if $(filter both,$(CONSOLE)),-u $(if $(LTO_SUFFIX),,kern.)init_entry_tty_input_init)
FUSED_LINK   := $(APP_OBJ) $A/lib/crt0_libos.o $(FUSED_OBJ) $(if $(TRAP),build/gen/shim_table.o)
$R/libmalloc-$(ALLOC).a: $R/kern/libos/malloc.o $R/choice-alloc-$(ALLOC).o
	@$(call archive,$^)
FUSED_MALLOC := $(call malloc_archives,$(ALLOC),$R)
FUSED_GROUP  := $(FUSED_MALLOC) $(APP_LIBC) $(LIBGCC) $(if $(TRAP),$R/libusys_trap.a) $R/libkern.a $(patsubst $K/%,$R/%,$(CHOICES))
FUSED_ENOSYS := $(if $(LTO_SUFFIX),build/gen,$R)/libenosys_libos.a

$K/app-$(APP).o: Makefile
	@mkdir -p $(@D)
	@echo 'const char app_name[] = "$(APP)";' | $(call compile_line,$(KERN_CFLAGS))

ifndef LTO_SUFFIX
FUSED_LD = $(LD) $(LDFLAGS) $1

# Names of the one-line objects that not every image has.
CHOICE_NAMES := sched_backend kernel_heap_ops program_heap_ops root_fs_type app_name embedded_root embedded_root_end
# The list is new only when a name is: a change in one source renames one object.
$R/symbols.now: $(KERN_OBJ) $(CHOSEN_OBJ) tools/rename-symbols
	@mkdir -p $(@D)
	@tools/rename-symbols $(NM) $(SYSCALL) build/gen/trap_symbols '$(CHOICE_NAMES)' \
	    $(KERN_OBJ) $(CHOSEN_OBJ) > $@$(PART) && mv $@$(PART) $@
$R/symbols: $R/symbols.now
	@cmp -s $< $@ || { cp $< $@$(PART) && $(whole); }
$R/%.o: $K/%.o $R/symbols
	@mkdir -p $(@D)
	@$(OBJCOPY) --redefine-syms=$R/symbols $< $@$(PART) && mv $@$(PART) $@
$R/libkern.a: $(patsubst $K/%,$R/%,$(KERN_OBJ)) $K/libkern.list
	$(call say,AR,$@)
	@$(call archive,$(filter %.o,$^))
$R/libenosys_libos.a: build/gen/libenosys_libos.a $R/symbols
	@$(OBJCOPY) --redefine-syms=$R/symbols $< $@$(PART) && mv $@$(PART) $@
$R/libusys_trap.a: build/gen/libusys_trap.a $R/symbols
	@$(OBJCOPY) --redefine-sym init_entry_shim_init=kern.init_entry_shim_init $< $@$(PART) && mv $@$(PART) $@
else
# The compiler sees all of it once more at the link, so it drives the linker.
LD_WORDS = -Wl,--gc-sections -Wl,-z,max-page-size=4096 -Wl,-z,noexecstack -Wl,--build-id=none \
           -Wl,--no-warn-rwx-segments $(patsubst %,-Wl$(comma)%,$1)
FUSED_LD = $(CC) $(filter-out -M%,$(KERN_CFLAGS)) -w -flto -flto-partition=one \
           -nostdlib -static $(LD_WORDS)
AR := $(CROSS)gcc-ar
NM := $(CROSS)gcc-nm

# The compiler calls these by itself, after it was decided who is called: they stay plain objects.
# Kernel and libc both have them; one copy serves both.
$A/lib/memory.o: LTO_FLAGS :=
$K/kern/core/string.o: kern/core/string.c Makefile | $(GEN)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	@$(call compile_part,$(KERN_CFLAGS)) && $(OBJCOPY) --weaken $@$(PART) && $(whole)
$A/lib/memory.o: USER_CFLAGS += -O2 -fno-tree-loop-distribute-patterns
$A/user/tests/%.o: USER_CFLAGS += -Wno-infinite-recursion
$A/%.o: %.c Makefile | $(GEN)
	$(call say,CC,$<)
	@mkdir -p $(@D)
	@$(call compile,$(USER_CFLAGS) $(LTO_FLAGS))
$A/%.o: %.S Makefile | $(GEN)
	$(call say,AS,$<)
	@mkdir -p $(@D)
	@$(call compile,$(USER_CFLAGS))
$A/libc.a: $(call for_image,$(LIBC_OBJ)) $U/libc.list
	$(call say,AR,$@)
	@$(call archive,$(filter %.o,$^))
endif

# Before anything is linked: is there a main, and does a name of the application hide one of ours?
$I/names: $(APP_OBJ) $(APP_LIBC) $(KERN_OBJ) $(GEN) linker/libos.ld tools/check-names
	@mkdir -p $(@D)
	@tools/check-names --nm $(NM) --app $(APP) $(if $(LTO_SUFFIX),--lto) --calls build/gen/trap_symbols \
	    --script linker/libos.ld --kernel $(KERN_OBJ) --libc $(APP_LIBC) --objects $(APP_OBJ)
	@touch $@

# Names that a script for fused images has to define, needed by this image or not: who misses some
# reads all of them at once.
SCRIPT_NAMES := image_start text_start text_end rodata_end bss_start bss_end page_tables page_tables_end image_end \
    init_table init_table_end __global_pointer$$ app_phdr \
    $(foreach a,preinit init fini,__$a_array_start __$a_array_end)

IMAGE_INPUT := $(FUSED_LINK) $(FUSED_GROUP) $(FUSED_ENOSYS) linker/libos.ld
# $(call link_image,OUTPUT,MAP,more words for the linker)
link_image = $(call FUSED_LD,$3 -Map=$2 $(patsubst %,'--require-defined=%',$(SCRIPT_NAMES))) -T linker/libos.ld -o $1$(PART) -u _start -u app_start $(CONSOLE_INPUT) $(FUSED_LINK) \
    $(call group,$(FUSED_GROUP)) $(call group,$(FUSED_ENOSYS) $R/libkern.a) && mv $1$(PART) $1
group = $(if $(LTO_SUFFIX),-Wl$(comma))--start-group $1 $(if $(LTO_SUFFIX),-Wl$(comma))--end-group
comma := ,
$(IMAGE): $(IMAGE_INPUT) $I/names
	$(call say,LD,$@)
	@$(call link_image,$@,$I/onering.map)
endif

# --- What is in an image, and why ------------------------------------------------------------------
# The same link once more, with the relocations kept: they say who refers to whom.

NEEDS := $(IMAGE:.elf=.needs)
$(NEEDS): $(IMAGE) $(IMAGE_INPUT)
	@$(call link_image,$@,$@.map,--emit-relocs --no-relax)

.PHONY: size why graph
INSPECT = $(PYTHON) -m tools.image
size: $(IMAGE)                    ## bytes of each component and file of the image
	@$(INSPECT) size $(IMAGE)
why: $(NEEDS)                     ## what brought a component in: make why APP=hello COMPONENT=fs
	@$(INSPECT) why $(NEEDS) --app '$(APP)' --component '$(COMPONENT)'
graph: $(NEEDS)                   ## draw the components and who needs whom: graph.svg
	@$(INSPECT) graph $(NEEDS) --app '$(APP)' --output $(IMAGE:onering.elf=graph.svg)

# --- Commands --------------------------------------------------------------------------------------

.PHONY: all qemu run test test-full bench format format-check clean distclean help
# The image that runs. HEAP_FAIL=n: a copy, which knows n.
BOOTED := $(if $(filter 0,$(HEAP_FAIL)),$(IMAGE),$(IMAGE:.elf=-$(HEAP_FAIL).elf))
$(filter-out $(IMAGE),$(BOOTED)): $(IMAGE) tools/heaps/fail.py
	@$(PYTHON) -m tools.heaps.fail $< $(HEAP_FAIL) $@
all: $(BOOTED) $(INITRD)          ## build the kernel and its programs

qemu run: all                     ## boot: a shell, or with APP=name that program as a unikernel
	@$(PYTHON) tools/qemu $(machine); status=$$?; \
	$(if $(RUN_STATUS),echo $$status > '$(RUN_STATUS)',\
	    test $$status = 0 || echo "exit status $$status" >&2; exit $$status)

test: all                         ## run every test
	@$(PYTHON) -m pytest -q -n 2 grade

format:                           ## let clang-format lay out the C sources
	@clang-format -i $(shell git ls-files -co --exclude-standard '*.c' '*.h')
format-check:                     ## does clang-format agree with every C source?
	@clang-format --dry-run -Werror $(shell git ls-files -co --exclude-standard '*.c' '*.h')

clean:                            ## remove everything that was built
	rm -rf build

# $(call commands,MARK): the goals whose line has this mark, and what stands behind it.
commands = grep -hE '^[a-z][a-z% -]*:.*$1 ' $(MAKEFILE_LIST) | sed -E 's/:.*$1 /\t/; s/(lab|bug)-%/\1-N/; s/%/NAME/' | \
    awk -F'\t' '{ printf "  %-14s %s\n", $$1, $$2 }'
help:                             ## this list
	@echo 'make ...'
	@$(call commands,##)
	@echo 'the course (docs/student.md):'
	@$(call commands,##course)
	@echo 'for those who teach it:'
	@$(call commands,##teach)
	@echo 'choices (VARIABLE=value):'
	@echo '  APP=name       a program of user/ as a unikernel (SHAPE=libos)'
	@echo '  ARGS="..."     arguments for it, or for init'
	@echo '  HARTS=$(HARTS)        harts the image can use       SMP=$(SMP)  harts of the machine'
	@echo '  MEMORY=$(MEMORY)    memory of the machine         EMBED=1  root file system inside the image'
	@echo '  INITRD=file    another root file system than the one that is built'
	@echo '  SCHED=, SYSCALL=, KALLOC=, ALLOC=, ROOTFS=, PAGING=, CONSOLE=, LIBC=: one of'
	@echo '    $(SCHEDS)  |  $(SYSCALLS)  |  $(KALLOCS)  |  $(HEAPS)  |  $(ROOTFSES)  |  $(PAGINGS)  |  $(CONSOLES)  |  $(LIBCS)'
	@echo '  HEAP_STATS=1, HEAP_CHECK=1, HEAP_TRACE=1   count, guard or record what heaps do'
	@echo '  HEAP_FAIL=17   the 17th request for memory in the image fails; 17+: all from there on'
	@echo '  LTO=1          optimise application and kernel as one (fused images)'
	@echo 'a program may have defaults of its own in user/NAME/app.mk; the command line wins'

-include $(wildcard build/*/kern/*/*.d build/*/kern/*/*/*.d build/*/torn/kern/*/*.d build/user/*/*.d build/user/*/*/*.d)
