# Measuring, in guest instructions. Included by the Makefile.
#
#   make bench B=fork              benchmarks with this in their name
#   make profile W=fork            functions, by instructions for one run of a workload
#   make profile W=fork F=memcpy   that function's code, with a count for each instruction

.PHONY: bench profile

bench:                            ## measure: a table, and build/bench.json (B=part of a name: some)
	@$(PYTHON) -m tools.bench $(if $(B),'$(B)')

profile:                          ## where the instructions go: make profile W=fork [F=function]
	@$(PYTHON) -m tools.bench.profile $(if $(W),'$(W)') $(if $(F),--function '$(F)')
