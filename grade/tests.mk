# The tests that take long. Included by the Makefile.
#
#   make test-full                 everything, on every number of harts, and every mutant
#   make test-full T=robustness    the part whose name holds this

.PHONY: test-full

test-full: all                    ## the long campaign: every machine, every mutant (T=part of a name)
	@GRADE_FULL=1 $(PYTHON) -m pytest -q -n 2 grade $(if $(T),-k '$(T)')
