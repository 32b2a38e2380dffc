"""Findings that someone has accepted, each with a reason: by a comment in the revision, or in a baseline file.

    # lab: ignore[downgrade-missing] the old column's values are in the backup

A baseline is JSON: {"format": 1, "accepted": [{"rule", "revision", "backends", "reason"}]}; what is wrong with the
whole tree has a "message" too, or else one difference that was accepted would hide the next.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from flask_lab.errors import ConfigError, unwritable
from flask_lab.files import write_whole
from flask_lab.results import Finding, Revision, Run, Severity, Verdict
from flask_lab.rules import RULES

FORMAT = 1
COMMENT = re.compile(r"#\s*lab:\s*ignore\[([^\]]*)\]\s*(.*)")
REASON = "it was there when the baseline was written"


@dataclass(frozen=True, slots=True)
class Accepted:
    """One rule at one revision (None: the whole tree) that may be broken, on these backends (none named: on all)."""

    rule: str
    revision: str | None
    reason: str
    backends: frozenset[str] = frozenset()
    message: str | None = None
    """What exactly was accepted, or None for whatever it says."""

    def covers(self, finding: Finding) -> bool:
        """Whether the finding is what was accepted, and on no backend more."""
        same = (self.rule, self.revision) == (finding.rule, finding.revision)
        if self.message not in (None, finding.message):
            return False
        return same and (not self.backends or self.backends.issuperset(finding.backends))


def accept(run: Run, accepted: Sequence[Accepted]) -> Run:
    """The run with those findings marked, and `known` where a cell failed only for them."""
    findings = tuple(_marked(finding, accepted) for finding in run.findings)
    open_cells = {
        (each.experiment, backend, each.revision)
        for each in findings
        if each.accepted is None and each.severity is not Severity.NOTE
        for backend in each.backends
    }
    cells = tuple(
        replace(cell, verdict=Verdict.KNOWN)
        if cell.verdict is Verdict.FAILED and (cell.experiment, cell.backend, cell.revision) not in open_cells
        else cell
        for cell in run.cells
    )
    return replace(run, findings=findings, cells=cells)


def _marked(finding: Finding, accepted: Sequence[Accepted]) -> Finding:
    reason = next((each.reason for each in accepted if each.covers(finding)), finding.accepted)
    return replace(finding, accepted=reason)


def in_comments(revisions: Iterable[Revision]) -> Iterator[Accepted]:
    """What the revisions' own comments accept; ConfigError for a comment without a reason, or for no known rule."""
    for revision in revisions:
        path = Path(revision.path)
        if not path.is_file():
            continue
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
            if found := COMMENT.search(line):
                yield from _comment(revision, f"{path}:{number}", found[1], found[2].strip())


def _comment(revision: Revision, place: str, rules: str, reason: str) -> Iterator[Accepted]:
    if not reason:
        raise ConfigError(f"{place} ignores {rules} without a reason", "say why after the bracket")
    for rule in (each.strip() for each in rules.split(",")):
        if rule not in RULES:
            raise ConfigError(f"{place} ignores '{rule}', which is no rule", "flask lab explain lists them")
        yield Accepted(rule, revision.id, reason)


def read_baseline(path: Path) -> list[Accepted]:
    """The findings that a baseline accepts; ConfigError when it cannot be read."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        return [
            Accepted(
                each["rule"],
                each["revision"],
                each["reason"],
                frozenset(each["backends"]),
                each.get("message"),
            )
            for each in found["accepted"]
        ]
    except OSError as error:
        hint = "--write-baseline makes one"
        raise ConfigError(f"the baseline {path} cannot be read: {error.strerror}", hint) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"the baseline {path} is not what --write-baseline writes: {error!r}") from error


def write_baseline(path: Path, findings: Iterable[Finding]) -> None:
    """Accept all these findings from now on; those accepted before keep their reasons."""
    accepted = [
        {
            "rule": each.rule,
            "revision": each.revision,
            "backends": sorted(each.backends),
            "reason": each.accepted or REASON,
            **({} if each.revision else {"message": each.message}),
        }
        for each in findings
    ]
    text = json.dumps({"format": FORMAT, "accepted": accepted}, indent=1, ensure_ascii=False)
    try:
        write_whole(path, text + "\n")
    except OSError as error:
        raise unwritable(f"the baseline cannot be written to {path}", error) from error
