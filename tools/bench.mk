# Measuring, in guest instructions. Included by the Makefile.
#
#   make bench B=fork              benchmarks with this in their name
#   make bench-alloc T=lua         each heap on a recorded trace, or on all
#   make heap-map APP=x ARGS=...   runs x; then a page that shows its heap (without APP: the kernel's own)
#   make heap-replay TRACE=x       what it drew, done by each heap on the host, under a checker
#   make profile W=fork            functions, by instructions for one run of a workload
#   make profile W=fork F=memcpy   that function's code, with a count for each instruction

.PHONY: bench bench-alloc heap-map heap-replay profile

bench:                            ## measure: a table, and build/bench.json (B=part of a name: some)
	@$(PYTHON) -m tools.bench $(if $(B),'$(B)')

profile:                          ## where the instructions go: make profile W=fork [F=function]
	@$(PYTHON) -m tools.bench.profile $(if $(W),'$(W)') $(if $(F),--function '$(F)')

bench-alloc:                      ## what malloc and free cost on each heap, on recorded traces (T=some)
	@$(PYTHON) -m tools.heaps.bench $(T)

heap-map: all                     ## draw a heap over time: make heap-map APP=x [ARGS=...] [BY=size|caller]
	@$(PYTHON) -m tools.heaps.map --elf $(IMAGE) $(addprefix --initrd ,$(INITRD)) --app '$(APP)' \
	    --memory $(MEMORY) --harts $(SMP) --args=$(quoted_args) --by '$(or $(BY),size)'

# On the host: the heaps have no kernel headers. One binary for each.
REPLAYED := $(if $(filter command line,$(origin ALLOC)),$(ALLOC),$(HEAPS))
REPLAY_SRC := tools/heaps/replay.c $(filter-out kern/alloc/kmalloc.c kern/alloc/watch.c,$(wildcard kern/alloc/*.c))
build/heap-replay/%: $(REPLAY_SRC) $(wildcard kern/alloc/*.h kern/alloc/quiet/*.h)
	$(call say,HOSTCC,$@)
	@mkdir -p $(@D)
	@$(HOSTCC) -std=gnu11 -g -O1 -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=all \
	    -I. -Ikern/alloc/quiet -DBACK_END=heap_$* -o $@.part $(REPLAY_SRC) && mv $@.part $@

heap-replay: $(REPLAYED:%=build/heap-replay/%) ## a trace on any heap, checked: make heap-replay TRACE=x [ALLOC=] [LIMIT=300K]
	@$(PYTHON) -m tools.heaps.replay --trace '$(TRACE)' --limit '$(LIMIT)' $(REPLAYED)
