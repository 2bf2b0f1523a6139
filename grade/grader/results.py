"""The result files below build/grade: for Gradescope, for whoever reads JUnit, and a line for a table.

They are written before anything of the student's runs, with no points in them, and again at the end.
"""

from __future__ import annotations

import csv
import json
import os
import re
from pathlib import Path
from xml.etree import ElementTree

from . import verdict
from .report import side_by_side
from .verdict import Grade, Verdict

_STATUS = {verdict.PASSED: "passed"}


def write(folder: Path, grades: list[Grade], student: str, judged: bool) -> None:
    """All three, each whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    _replace(folder / "results.json", json.dumps(gradescope(grades, judged), indent=1) + "\n")
    _replace(folder / "junit.xml", junit(grades, judged))
    _replace(folder / "grades.csv", table(grades, student))


def gradescope(grades: list[Grade], judged: bool) -> dict:
    """A test about which nothing can be said has no score, rather than none of its points."""
    tests = []
    for grade in grades:
        for found in grade.verdicts:
            one = {"name": f"{found.test.hole} {found.test.name}", "max_score": found.test.points,
                   "output": output(found), "status": _STATUS.get(found.status, "failed"),
                   "score": found.points}
            if found.status == verdict.NOT_JUDGED:
                del one["score"], one["status"]
            tests.append(one)
        tests += [{"name": f"{grade.lab} {each.name}", "score": each.points, "max_score": each.most,
                   "output": each.words or each.title, "status": "passed" if each.points else "failed"}
                  for each in grade.others]
    remarks = [remark for grade in grades for remark in grade.remarks]
    missing = sum(grade.not_judged for grade in grades)
    if not judged:
        remarks.insert(0, "The grading did not come to its end.")
    elif missing:
        remarks.insert(0, f"{missing} points were not judged: grade again.")
    return {"score": sum(grade.points for grade in grades), "output": "\n".join(remarks),
            "tests": tests, "extra_data": {"judged": judged and not missing,
                                           "seeds": {str(grade.lab): grade.seed for grade in grades}}}


def output(found: Verdict) -> str:
    """What is to be said about a test, in a few lines."""
    lines = [found.test.title, found.words]
    if found.status == verdict.FAILED:
        lines += side_by_side(found.expected, found.seen)
        if found.symptom:
            lines += [f"symptom: {found.symptom.seen}", f"cause: {found.symptom.cause}"]
    return "\n".join(filter(None, lines))


def junit(grades: list[Grade], judged: bool) -> str:
    """One suite a lab."""
    root = ElementTree.Element("testsuites")
    for grade in grades:
        failed = [each for each in grade.verdicts if each.status == verdict.FAILED]
        skipped = [each for each in grade.verdicts if each.status not in (verdict.FAILED,
                                                                          verdict.PASSED)]
        suite = ElementTree.SubElement(root, "testsuite", {
            "name": f"lab {grade.lab}: {grade.title}", "tests": str(len(grade.verdicts)),
            "failures": str(len(failed)), "skipped": str(len(skipped)), "errors": "0"})
        for found in grade.verdicts:
            case = ElementTree.SubElement(suite, "testcase", {
                "classname": f"lab{grade.lab}.{found.test.hole}", "name": found.test.name})
            if found in failed:
                ElementTree.SubElement(case, "failure", {"message": _xml(found.words)}).text = \
                    _xml(output(found))
            elif found in skipped or not judged:
                ElementTree.SubElement(case, "skipped", {"message": _xml(found.words)})
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def table(grades: list[Grade], student: str) -> str:
    """A heading and one line."""
    columns = {"student": student}
    for grade in grades:
        columns[f"lab {grade.lab}"] = str(grade.points)
        columns[f"of {grade.lab}"] = str(grade.most)
        columns |= {each.test.name: "" if each.status == verdict.NOT_JUDGED else str(each.points)
                    for each in grade.verdicts}
        columns |= {f"{grade.lab} {each.name}": str(each.points) for each in grade.others}
    lines: list[str] = []
    writer = csv.writer(_Lines(lines), lineterminator="\n")
    writer.writerow(columns.keys())
    writer.writerow(columns.values())
    return "".join(lines)


class _Lines:
    """What csv writes to."""

    def __init__(self, lines: list[str]):
        self.write = lines.append


def _xml(text: str) -> str:
    """Without what XML 1.0 cannot hold."""
    return re.sub(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "?", text)


def _replace(path: Path, text: str) -> None:
    part = path.with_name(f"{path.name}.part{os.getpid()}")
    part.write_text(text, encoding="utf-8")
    part.replace(path)
