"""JUnit XML: a suite per backend, a case per experiment and revision, as CI systems show tests."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from flask_lab.reports.evidence import evidence
from flask_lab.results import Cell, Finding, Run, Verdict

# What XML 1.0 cannot hold, not even escaped; a database's message may.
UNSTORABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(run: Run) -> str:
    """The run as text."""
    root = ET.Element("testsuites", name="flask lab", time=f"{run.seconds:.2f}")
    for backend in run.backends:
        cells = [cell for cell in run.cells if cell.backend == backend.name]
        suite = ET.SubElement(
            root,
            "testsuite",
            name=backend.name,
            tests=str(len(cells)),
            failures=_count(cells, Verdict.FAILED),
            errors=_count(cells, Verdict.ERRORED),
            skipped=_count(cells, Verdict.SKIPPED),
            time=f"{sum(cell.seconds for cell in cells):.3f}",
            timestamp=run.started.isoformat(timespec="seconds"),
        )
        for cell in cells:
            _case(suite, cell, [each for each in run.findings if _is_of(each, cell)])
    ET.indent(root)
    return ET.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


def _case(suite: ET.Element, cell: Cell, findings: list[Finding]) -> None:
    name = cell.revision or "the whole tree"
    classname = f"{cell.backend}.{cell.experiment}"
    case = ET.SubElement(suite, "testcase", classname=classname, name=name, time=f"{cell.seconds:.3f}")
    match cell.verdict:
        case Verdict.FAILED:
            for each in findings:
                if each.accepted is None:
                    failure = ET.SubElement(case, "failure", type=each.rule, message=_text(each.message))
                    shown = "".join(f"{label}: {said}\n" for label, said in evidence(each))
                    failure.text = _text(
                        f"{each.message}\n{shown}\nremedy: {each.remedy}\nagain: {each.repeat}"
                    )
        case Verdict.ERRORED:
            ET.SubElement(case, "error", message=_text(cell.reason))
        case Verdict.SKIPPED:
            ET.SubElement(case, "skipped", message=_text(cell.reason))
        case Verdict.KNOWN:
            said = "\n".join(f"{each.rule} accepted: {each.accepted}" for each in findings if each.accepted)
            ET.SubElement(case, "system-out").text = _text(said)


def _is_of(finding: Finding, cell: Cell) -> bool:
    same = (finding.experiment, finding.revision) == (cell.experiment, cell.revision)
    return same and cell.backend in finding.backends


def _count(cells: list[Cell], verdict: Verdict) -> str:
    return str(sum(cell.verdict is verdict for cell in cells))


def _text(said: str) -> str:
    return UNSTORABLE.sub("\ufffd", said)
