# The grader of the labs. Included by the Makefile.
#
#   make grade                     the current lab: points, and what to do about the others
#   make grade LAB=2 T=walk        lab 2, the tests with "walk" in their name
#   make grade SEED=7              the same inputs as another run that said SEED=7
#   make grade-gdb T=name SEED=7   that test, the same inputs, under gdb (BOOT=2: its second machine)
#   make selftest T="mutant of 1"  variants of the solution with that in their name

.PHONY: grade grade-gdb watch race selftest selftest-full soak bars

SEED ?=
grader_words = $(if $(LAB),--lab '$(LAB)') $(if $(T),--only '$(T)') $(if $(SEED),--seed '$(SEED)')

grade:                            ##course grade the current lab (LAB=2, T=part of a test's name, SEED=)
	@$(PYTHON) -m grade.grader $(grader_words)
grade-gdb:                        ##course one test under gdb: T=name SEED=, as `make grade` prints it
	@$(PYTHON) -m grade.grader.debugging $(grader_words) $(if $(BOOT),--boot '$(BOOT)')
watch:                            ##course grade what a file touches whenever it is saved (LAB=)
	@$(PYTHON) -m grade.grader.watching $(if $(LAB),--lab '$(LAB)')
race:                             ##course lab 6's challenge: your heap on a drawn trace (SEED=; NAME= enters the leaderboard)
	@$(PYTHON) -m grade.labs.lab6_race $(if $(SEED),--seed '$(SEED)') $(if $(NAME),--name '$(NAME)')

selftest:                         ##teach is the grader right? a sample (LAB=, T=part of a variant's name)
	@$(PYTHON) -m grade.grader.selftest $(if $(LAB),--lab '$(LAB)') $(if $(T),--only '$(T)')
selftest-full:                    ##teach is the grader right? every hole, mutant and seed (LAB=)
	@$(PYTHON) -m grade.grader.selftest --full $(if $(LAB),--lab '$(LAB)')
soak:                             ##teach run the tests N times on the solution: none may fail (N=2000, LAB=)
	@$(PYTHON) -m grade.grader.soak $(if $(N),--runs '$(N)') $(if $(LAB),--lab '$(LAB)') $(if $(SEED),--seed '$(SEED)')
bars:                             ##teach measure what the solution takes with this compiler (LAB=)
	@$(PYTHON) -m grade.grader.measure_bars $(if $(LAB),--lab '$(LAB)')
