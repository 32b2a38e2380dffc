"""SARIF 2.1.0, as code scanning takes it: each finding is an alert at its revision's file and line."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from urllib.parse import quote

from flask_lab.reports.evidence import SQL, evidence
from flask_lab.results import Cell, Finding, Run, Severity, Verdict
from flask_lab.rules import RULES, Rule

Value = dict[str, Any]
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"
FINGERPRINT = "primaryLocationLineHash"
"""The only one that GitHub reads; it would else make one from the line, which is the first for many alerts."""
# The severities are SARIF's own three.
LEVEL = {each: each.value for each in Severity}


def render(run: Run) -> str:
    """The run as text."""
    rules = [each for each in RULES.values() if any(each.name == found.rule for found in run.findings)]
    places = {each.id: each.path for each in run.project.revisions}
    results = [_result(finding, run, places, rules) for finding in run.worst_first]
    driver = {
        "name": "flask lab",
        "semanticVersion": run.lab_version,
        "rules": [_rule(each) for each in rules],
    }
    told = {
        "tool": {"driver": driver},
        # Results of another category, those of one backend say, do not close these.
        "automationDetails": {"id": f"flask-lab/{','.join(each.name for each in run.backends)}/"},
        "invocations": [_invocation(run)],
        "results": results,
    }
    log = {"$schema": SCHEMA, "version": "2.1.0", "runs": [told]}
    return json.dumps(log, indent=1, ensure_ascii=False) + "\n"


def _rule(rule: Rule) -> Value:
    return {
        "id": rule.name,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.why},
        "help": {
            "text": f"{rule.why}\n\n{rule.remedy}",
            "markdown": f"{rule.why}\n\n**Remedy.** {rule.remedy}\n\n`flask lab explain {rule.name}`",
        },
        "defaultConfiguration": {"level": LEVEL[rule.severity]},
        "properties": {"tags": ["migrations", rule.experiment]},
    }


def _result(finding: Finding, run: Run, places: dict[str, str], rules: list[Rule]) -> Value:
    on = f"on {', '.join(finding.backends)}"
    lines = [f"{label}: {said}" for label, said in evidence(finding) if label != SQL]
    statements = [f"SQL: {said}" for label, said in evidence(finding) if label == SQL]
    parts = [f"{finding.message} ({on})", *lines, *statements, finding.remedy, f"Again: {finding.repeat}"]
    result: Value = {
        "ruleId": finding.rule,
        "ruleIndex": [each.name for each in rules].index(finding.rule),
        "level": LEVEL[finding.severity],
        "message": {"text": "\n\n".join(parts)},
        "locations": list(_locations(finding, run, places)),
        "partialFingerprints": {FINGERPRINT: _fingerprint(finding)},
        "properties": {
            "experiment": finding.experiment,
            "backends": list(finding.backends),
            "revision": finding.revision,
        },
    }
    if finding.accepted is not None:
        result["suppressions"] = [{"kind": "external", "justification": finding.accepted}]
    return result


def _locations(finding: Finding, run: Run, places: dict[str, str]) -> Iterator[Value]:
    """The revision's file; of the whole tree its newest revisions', as an alert without a file is not shown."""
    revisions = run.project.heads if finding.revision is None else (finding.revision,)
    line = str(finding.evidence.get("at", "")).rpartition(":")[2]
    for revision in revisions:
        if path := places.get(revision):
            yield {
                "physicalLocation": {
                    "artifactLocation": {"uri": quote(path.replace("\\", "/")), "uriBaseId": "%SRCROOT%"},
                    "region": {"startLine": int(line) if line.isdecimal() else 1},
                }
            }


def _fingerprint(finding: Finding) -> str:
    """By which an alert is known again in the next run; a line of the file may move."""
    # What is wrong with the whole tree has nothing but its message to tell it from the next one.
    parts = (finding.rule, finding.revision or finding.message)
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16] + ":1"


def _invocation(run: Run) -> Value:
    notes = [_note("error", _broke_off(cell)) for cell in run.cells if cell.verdict is Verdict.ERRORED]
    notes += [
        _note("warning", f"{each.name}: {each.verdict.value}: {each.reason}")
        for each in run.backends
        if each.verdict is not Verdict.PASSED
    ]
    notes += [_note("note", f"not compared: {each}") for each in run.not_compared]
    return {
        "executionSuccessful": run.verdict is not Verdict.ERRORED,
        "startTimeUtc": _utc(run, 0.0),
        "endTimeUtc": _utc(run, run.seconds),
        "toolExecutionNotifications": notes,
    }


def _utc(run: Run, seconds: float) -> str:
    return (run.started + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def _broke_off(cell: Cell) -> str:
    return (
        f"{cell.experiment} on {cell.backend} at {cell.revision or 'the whole tree'} broke off: {cell.reason}"
    )


def _note(level: str, said: str) -> Value:
    return {"level": level, "message": {"text": said}}
