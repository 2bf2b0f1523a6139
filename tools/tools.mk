# Host-side tools. Included by the Makefile; works alone as well (make -f tools/tools.mk ...).
#
# The recipes use what the Makefile sets: IMAGE, BOOTED and ROOT (the image, the one that runs, its file
# system), SHAPE, EMBED, MEMORY, SMP, ARGS, QEMU_EXTRA, and GDB_SCRIPTS (commands of our own for gdb).

HOSTCC ?= cc
PYTHON ?= $(if $(filter Darwin,$(shell uname)),python3,$(firstword \
              $(wildcard /usr/bin/python3) python3))
PLUGIN := build/tools/onering-plugin.so

.PHONY: doctor plugin symbolize qemu-gdb gdb print-image

doctor:                           ## say what is wrong with this machine, and what to do
	@tools/doctor

# Counts guest instructions (grade/profile.py says how to use it).
plugin: $(PLUGIN)

$(PLUGIN): tools/plugin/onering-plugin.c tools/plugin/qemu-api.h
	@mkdir -p $(@D)
	@$(HOSTCC) -std=gnu11 -O2 -g -Wall -Wextra -Werror -fPIC -shared -fvisibility=hidden \
	    $(if $(filter Darwin,$(shell uname)),-undefined dynamic_lookup) -o $@.part $<
	@mv $@.part $@

# make symbolize < log (IMAGE= names another image than that of the choices), or make symbolize T=build/grade/transcripts/...
symbolize:                        ## name functions and lines of a panic: make symbolize < log (IMAGE=elf)
	@$(PYTHON) tools/symbolize $(addprefix --elf ,$(wildcard $(IMAGE))) $(T)

ifeq ($(origin INITRD)-$(wildcard $(INITRD)),command line-)
$(error INITRD=$(INITRD): there is no such file)
endif
INITRD = $(if $(filter 0-cpio,$(EMBED)-$(ROOTFS)),$(ROOT))
quoted_args = '$(subst ','\'',$(ARGS))'
machine = --elf $(BOOTED) $(addprefix --initrd ,$(INITRD)) --memory $(MEMORY) --harts $(SMP) \
          --args=$(quoted_args) $(if $(QEMU_EXTRA),-- $(QEMU_EXTRA))

qemu-gdb: all                     ## boot, and wait for `make gdb` in another terminal
	@$(PYTHON) tools/qemu --gdb $(machine)

gdb:                              ## debug the machine that `make qemu-gdb` started
	@$(PYTHON) tools/gdb-attach $(addprefix -x ,$(GDB_SCRIPTS))

# For the harness: builds an image and says where it is.
print-image: all
	@echo elf=$(BOOTED)
	@$(if $(INITRD),echo initrd=$(INITRD),:)
