# The grader of the labs. Included by the Makefile.
#
#   make grade                     the current lab: points, and what to do about the others
#   make grade LAB=2 T=walk        lab 2, the tests with "walk" in their name
#   make grade T=2.1               the tests of hole 2.1
#   make grade SEED=7              the same inputs as another run that said SEED=7

.PHONY: grade

SEED ?=
grader_words = $(if $(LAB),--lab '$(LAB)') $(if $(T),--only '$(T)') $(if $(SEED),--seed '$(SEED)')

grade:                            ##course grade the current lab (LAB=2, T=part of a test's name, or a hole, SEED=)
	@$(PYTHON) -m grade.grader $(grader_words)

.PHONY: selftest selftest-full
selftest:                         ##teach is the grader right? a sample (LAB=, T=part of a variant's name: those)
	@$(PYTHON) -m grade.grader.selftest $(if $(LAB),--lab '$(LAB)') $(if $(T),--only '$(T)')
selftest-full:                    ##teach is the grader right? every hole, mutant and seed (LAB=)
	@$(PYTHON) -m grade.grader.selftest --full $(if $(LAB),--lab '$(LAB)')
