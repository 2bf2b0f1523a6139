# The tests that take long. Included by the Makefile.
#
#   make test-full                 everything, on every number of harts, and every mutant
#   make test-full T=robustness    the part whose name holds this
#   make test-rounds N=20          the tests that start machines, twenty times in a row

.PHONY: test-full test-rounds

test-full: all                    ## the long campaign: every machine, every mutant (T=part of a name)
	@GRADE_FULL=1 $(PYTHON) -m pytest -q -n 2 grade $(if $(T),-k '$(T)')

# What can differ from run to run: everything that starts a machine to see how it behaves.
ROUND := boot images late_hart robustness shell glibc harness_machine harness_debugger debugging_commands \
         libos_programs libos_protection musl lua
test-rounds: all                  ## the tests that start machines, N times in a row (N=20); the first failure ends it
	@for round in $$(seq $(or $(N),20)); do echo "round $$round"; \
	    $(PYTHON) -m pytest -q -n 2 -x $(ROUND:%=grade/tests/test_%.py) || exit 1; done
