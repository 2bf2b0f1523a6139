# The course. Included by the Makefile.
#
# Every command here is labs/tool; it gets what was typed as LAB=, H= and the like as words of its own.

# A tree with open holes: it warns where the solution would refuse, and knows what a hole is.
STUDENT := $(if $(wildcard .lab/state.json),1)
ifdef STUDENT
CFLAGS := $(filter-out -Werror,$(CFLAGS)) -Wno-unused -Wno-unused-parameter -include kern/core/hole.h
ifneq ($(filter test test-full,$(MAKECMDGOALS)),)
$(error make test is for the whole kernel, and labs have begun in this tree. To test your lab: make grade)
endif
endif

LAB_TOOL  = $(PYTHON) -m labs.tool
quoted    = '$(subst ','\'',$1)'
# $(call given,--lab,$(LAB)): the option, if there is something to say
given     = $(if $2,$1=$(call quoted,$2))

.PHONY: labs lab-status look hint catchup uncatchup predict measure save submit report catchup-pack handout

labs:                             ##course the labs, and where you are
	@$(LAB_TOOL) labs
lab-status:                       ##course holes, measures and points of a lab (LAB=)
	@$(LAB_TOOL) status $(call given,--lab,$(LAB))
lab-%: FORCE                      ##course start lab N, or return to it
	@$(LAB_TOOL) start $(call quoted,$*)
look:                             ##course a finished lab in a folder beside this one (LAB=)
	@$(LAB_TOOL) look $(call given,--lab,$(LAB))
hint:                             ##course the next hint for a hole: make hint H=1.2
	@$(LAB_TOOL) hint $(call given,--hole,$(H))
catchup:                          ##course put in the solution of H=1.2 or LAB=1, for no points
	@$(LAB_TOOL) catchup $(call given,--hole,$(H)) $(call given,--lab,$(LAB)) $(if $(ALL),--all)
uncatchup:                        ##course take it out again
	@$(LAB_TOOL) uncatchup $(call given,--hole,$(H)) $(call given,--lab,$(LAB))
predict:                          ##course write down a number before you measure it: M=1.a N=900
	@$(LAB_TOOL) predict $(call given,--measure,$(M)) $(call given,--value,$(N))
measure:                          ##course measure it: M=1.a
	@$(LAB_TOOL) measure $(call given,--measure,$(M))
bug-%: FORCE                      ##course the planted bug of lab N; your answer: A=function:line:letter
	@$(LAB_TOOL) bug $(call quoted,$*) $(call given,--answer,$(A))
# The images of the labs run on one hart unless SMP= says otherwise.
boot_image = $(LAB_TOOL) boot $1 --args=$(quoted_args) --memory=$(call quoted,$(MEMORY)) \
    $(if $(filter command%,$(origin SMP)),--harts=$(call quoted,$(SMP)))
qemu-%: FORCE                     ##course boot an image of a lab: qemu-boot, with ARGS="say hello"
	@$(call boot_image,$(call quoted,$*))
qemu-gdb-%: FORCE                 ##course the same, waiting for `make gdb` in another terminal
	@$(call boot_image,$(call quoted,$*)) --gdb
save:                             ##course commit all you have (M="what you did")
	@$(LAB_TOOL) save $(call given,--message,$(M))
submit:                           ##course make the file to hand in (LAB=)
	@$(LAB_TOOL) submit $(call given,--lab,$(LAB))
report:                           ##course what a call, an image and a boot cost in your build, as a page (LAB=5)
	@$(PYTHON) -m tools.report $(call given,--lab,$(LAB))
handout:                          ##teach the tree for students: LABS=1-3 DIR=path (DONE=1-2, KEY=)
	@$(LAB_TOOL) handout $(call given,--labs,$(LABS)) $(call given,--dir,$(DIR)) \
	    $(call given,--done,$(DONE)) $(call given,--key,$(KEY))
catchup-pack:                     ##teach the solutions of LAB= in a file, for releases (KEY=)
	@$(LAB_TOOL) catchup-pack $(call given,--lab,$(LAB)) $(call given,--key,$(KEY))
