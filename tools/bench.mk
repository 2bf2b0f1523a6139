# Measuring, in guest instructions. Included by the Makefile.
#
#   make bench B=fork              benchmarks with this in their name
#   make bench-alloc T=lua         each heap on a recorded trace, or on all
#   make profile W=fork            functions, by instructions for one run of a workload
#   make profile W=fork F=memcpy   that function's code, with a count for each instruction

.PHONY: bench bench-alloc profile

bench:                            ## measure: a table, and build/bench.json (B=part of a name: some)
	@$(PYTHON) -m tools.bench $(if $(B),'$(B)')

profile:                          ## where the instructions go: make profile W=fork [F=function]
	@$(PYTHON) -m tools.bench.profile $(if $(W),'$(W)') $(if $(F),--function '$(F)')

bench-alloc:                      ## what malloc and free cost on each heap, on recorded traces (T=some)
	@$(PYTHON) -m tools.heaps.bench $(T)
