"""What a run's findings mean for a deployment, database by database, the worst first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flask_lab.results import BackendReport, Cell, Finding, Run, Severity, Verdict
from flask_lab.rules import RULES, Rule

ASPECTS = {
    "upgrade": "The upgrade fails, or harms what is there",
    "app": "Whoever works meanwhile waits, or fails",
    "back": "There is no good way back",
    "crash": "A crash half way is not got over",
    "schema": "The schema is not what models or other databases say",
}
CLOSED = ("blocks-reads", "blocks-writes")
SCHEMA = ("model-drift", "schema-differs-between-backends")
MOST = 8
"""Revisions of an aspect that are shown at once."""


@dataclass(frozen=True, slots=True)
class Told:
    """A finding with its place in the page."""

    number: int
    finding: Finding

    @property
    def anchor(self) -> str:
        return f"f{self.number}"


@dataclass(frozen=True, slots=True)
class Aspect:
    """What speaks against a deployment in one respect: the findings of each revision."""

    title: str
    revisions: Sequence[Sequence[Told]]

    @property
    def shown(self) -> Sequence[Sequence[Told]]:
        return self.revisions[:MOST]

    @property
    def folded(self) -> Sequence[Sequence[Told]]:
        return self.revisions[MOST:]


@dataclass(frozen=True, slots=True)
class Advice:
    """All that a run says of deploying to one database."""

    backend: BackendReport
    aspects: Sequence[Aspect]
    broken_off: Sequence[Cell]
    unasked: Sequence[str]
    """The experiments that were not asked, or not answered."""
    not_compared: int
    is_answered: bool
    """Whether anything was asked and answered: of silence alone nobody may conclude that all is well."""


def advice(run: Run, told: Sequence[Told]) -> list[Advice]:
    """For each database of the run."""
    return [_of(each, run, told) for each in run.backends]


def _of(backend: BackendReport, run: Run, told: Sequence[Told]) -> Advice:
    cells = [cell for cell in run.cells if cell.backend == backend.name]
    answered = {cell.experiment for cell in cells if cell.verdict not in (Verdict.SKIPPED, Verdict.ERRORED)}
    return Advice(
        backend,
        _aspects(each for each in told if backend.name in each.finding.backends),
        [cell for cell in cells if cell.verdict is Verdict.ERRORED],
        [each for each in dict.fromkeys(rule.experiment for rule in RULES.values()) if each not in answered],
        sum(each.startswith(f"{backend.name}: ") for each in run.not_compared),
        bool(answered),
    )


def _aspects(told: Iterable[Told]) -> list[Aspect]:
    found: dict[str, dict[str | None, list[Told]]] = {each: {} for each in ASPECTS}
    # A table that is closed is felt by everybody at once.
    for each in sorted(told, key=lambda each: each.finding.rule not in CLOSED):
        finding = each.finding
        if finding.accepted is None and finding.severity is not Severity.NOTE:
            found[_aspect(finding)].setdefault(finding.revision, []).append(each)
    return [Aspect(ASPECTS[name], list(of.values())) for name, of in found.items() if of]


def _aspect(finding: Finding) -> str:
    # Under traffic a revision may fail that passes alone, and then that is what matters.
    if RULES[finding.rule].experiment == "traffic" and finding.evidence.get("said"):
        return "upgrade"
    return aspect(finding.rule)


def aspect(rule: str) -> str:
    """The respect in which a broken rule matters to a deployment."""
    if rule in SCHEMA:
        return "schema"
    if rule == "new-code-breaks" or rule.startswith(("downgrade-", "reupgrade-", "round-trip-")):
        return "back"
    if rule == "old-code-breaks" or RULES[rule].experiment in ("traffic", "race"):
        return "app"
    return "crash" if RULES[rule].experiment == "crash" else "upgrade"


def grouped(told: Sequence[Told]) -> list[tuple[Rule, list[Told]]]:
    """Findings by rule, those that were accepted last."""
    found: dict[tuple[bool, str], list[Told]] = {}
    for each in sorted(told, key=lambda each: each.finding.accepted is not None):
        found.setdefault((each.finding.accepted is not None, each.finding.rule), []).append(each)
    return [(RULES[rule], told) for (_, rule), told in found.items()]
