"""The grader of the labs: `make grade`. labs/README.md says how a lab's tests are written.

    __main__.py    make grade
    subject.py     what is graded: a pristine tree with the student's lab files laid over it
    pristine.py    a changed grader does not grade: the one that was handed out does
    jail.py        where the student's code is compiled and run; confine.py does it
    builder.py     images, whatever the lab files are like; liberties.py: what those may not do
    api.py         what tests are written with; world.py: where their machines come from
    machine.py     a machine watched for every way in which a kernel can go wrong
    endings.py     ... in a word and a sentence; rest.py: does it sleep for good?; ram.py: its memory
    runner.py      tests, several at a time, to verdicts (verdict.py); symptoms.py: the row that fits
    grading.py     a tree to points; answers.py: those no test gives; bars.py: performance
    report.py      what the terminal shows; results.py: the files for others to read
    measuring.py   make measure
    debugging.py   make grade-gdb
    watching.py    make watch
    selftest.py    make selftest: variants.py has the solution and every way of it being wrong
    soak.py        make soak
"""
