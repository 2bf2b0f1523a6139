# The course. Included by the Makefile.

# A tree with open holes: it warns where the solution would refuse, and knows what a hole is.
STUDENT := $(if $(wildcard .lab/state.json),1)
ifdef STUDENT
CFLAGS := $(filter-out -Werror,$(CFLAGS)) -Wno-unused -Wno-unused-parameter -include kern/core/hole.h
endif
