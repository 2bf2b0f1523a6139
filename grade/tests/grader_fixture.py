"""Kernels that misbehave on request, graded by tests made up here.

    verdict = judge(function)              a test function against the image `boot`, changed so that
                                           its bootargs make it misbehave (MISBEHAVE)
    builder = builder_of({file: text})     the solution with some lab files replaced
"""

from __future__ import annotations

from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Callable, Iterator

from grade.elf import ROOT
from grade.grader import runner
from grade.grader.api import LabTest, Run
from grade.grader.builder import Builder
from grade.grader.grading import Wish, open_builder
from grade.grader.subject import Source, Subject, reference
from grade.grader.verdict import Verdict
from grade.grader.world import Images
from labs.tool.course import Hole, Image, Lab, Symptom

IMAGE = "kern/images/boot.c"
MISBEHAVE = """
#include "kern/core/hole.h"
__attribute__((noinline)) static void misbehave(const char *how)
{
    if (strcmp(how, "loop") == 0)
        for (;;)
            __asm__ volatile("nop");
    if (strcmp(how, "hole") == 0)
        HOLE(1, 3);
    if (strcmp(how, "hole elsewhere") == 0)
        HOLE(1, 5);
    if (strcmp(how, "asleep") == 0) {
        irq_disable();
        for (;;)
            __asm__ volatile("wfi");
    }
    if (strcmp(how, "panic") == 0)
        panic("out of %s", "ideas");
    if (strcmp(how, "reset") == 0)
        power_reset();
    if (strcmp(how, "flood") == 0)
        for (;;)
            printk("and on it goes\\n");
    if (strcmp(how, "early") == 0)
        power_off(0);
    if (strcmp(how, "status") == 0)
        power_off(3);
    if (strcmp(how, "liar") == 0) {
        printk("panic: not really\\n@@ panic hart=0 cause=2 pc=0x80200000 addr=0x0 bt=0x80200000\\n");
        power_off(0);
    }
    if (strcmp(how, "trap loop") == 0) {
        __asm__ volatile("csrw stvec, %0; unimp" ::"r"(0x10));
    }
    if (strcmp(how, "nowhere") == 0) {      /* not even the trap vector is mapped */
        static unsigned long root[512] __attribute__((aligned(4096)));
        __asm__ volatile("csrw satp, %0; sfence.vma" ::"r"(8UL << 60 | (unsigned long)root >> 12));
    }
    if (strcmp(how, "proud") == 0) {
        for (volatile int i = 0; i < 1000; i++)
            ;
        printk("this took 1 instruction\\n");
        power_off(0);
    }
    if (strcmp(how, "bytes") == 0)
        printk("\\x1b[31m\\xff\\x80\\n");
}

void image_main(void)
{
    misbehave(machine.bootargs);
"""


def hole(number: int, **more) -> Hole:
    return Hole(f"1.{number}", f"hole {number}", "new", 10, "text", ("a", "b", "c"), **more)


LAB = Lab(1, "tries", "Tries", ROOT / "labs" / "tries", 1, tuple(map(hole, range(1, 9))),
          (Image("boot", "boot"),),
          symptoms=(Symptom("It loops", "a loop", when={"ending": "hang", "seen": "its budget"}),
                    Symptom("It sleeps", "no timer", when={"ending": "asleep"}),
                    Symptom("All else", "anything", when={"ending": "power-off"}),
                    Symptom("Two", "two", "gdb", when={"ending": "power-off", "luck": 2})))


@contextmanager
def builder_of(files: dict[str, str | None], subject: Subject | None = None) -> Iterator[Builder]:
    """The solution, or `subject`, with other files; None: without this file."""
    subject = subject or reference(ROOT)
    for file, text in files.items():
        if text is None:
            subject.files.pop(file)
        else:
            subject.files[file] = Source(text.encode())
    builder = open_builder(subject, Wish(), f"tests of the grader in {ROOT}")
    try:
        yield builder
    finally:
        builder.stage.close()


@cache
def source(file: str) -> str:
    """A file of the solution."""
    return (ROOT / file).read_text()


def misbehaving() -> dict[str, str]:
    text = source(IMAGE).replace("void image_main(void)\n{\n", MISBEHAVE)
    assert "misbehave(machine" in text
    return {IMAGE: text}


def judge_all(*functions: Callable[[Run], None], transcripts: Path | None = None,
              **always) -> list[Verdict]:
    """What the grader says of these tests."""
    with builder_of(misbehaving()) as builder:
        builder.subject.open_holes = lambda: []
        images = Images(builder, LAB)
        tests = [LabTest(function.__name__, function.__doc__ or "", "1.3", 5, (), function)
                 for function in functions]
        return list(runner.Runner(images, 1, transcripts, **always).run(tests))


def judge(function: Callable[[Run], None], **always) -> Verdict:
    return judge_all(function, **always)[0]
