"""Turns what workers sent into cells and findings, by each experiment's own judgement; touches no database."""

from __future__ import annotations

import signal
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flask_lab.experiments import EXPERIMENTS, Fault, Observation
from flask_lab.remedies import remedy_for
from flask_lab.results import BackendReport, Cell, Finding, Severity, Verdict
from flask_lab.rules import RULES
from flask_lab.workers import Request, Worker


@dataclass(frozen=True, slots=True)
class Judged:
    """An observation and what is wrong in it."""

    experiment: str
    observation: Observation
    faults: tuple[Fault, ...]

    @property
    def verdict(self) -> Verdict:
        if self.observation.skipped:
            return Verdict.SKIPPED
        # A note is good to know, and no reason to fail.
        is_wrong = any(
            (each.severity or RULES[each.rule].severity) is not Severity.NOTE for each in self.faults
        )
        return Verdict.FAILED if is_wrong else Verdict.PASSED

    @property
    def reason(self) -> str:
        return self.observation.skipped or ", ".join(dict.fromkeys(fault.rule for fault in self.faults))


def judge(worker: Worker) -> Iterator[Judged]:
    """What is wrong in each observation of a worker."""
    for experiment, observation in worker.observations:
        faults = () if observation.skipped else tuple(EXPERIMENTS[experiment].judge(observation))
        yield Judged(experiment, observation, faults)


def cells(request: Request, worker: Worker, judged: Sequence[Judged]) -> Iterator[Cell]:
    """A cell per experiment and revision; a revision that was met in several orders is as good as the worst."""
    grouped: dict[tuple[str, str | None], list[Judged]] = {}
    for each in judged:
        grouped.setdefault((each.experiment, each.observation.revision), []).append(each)
    for (experiment, revision), group in grouped.items():
        verdict = Verdict.worst(each.verdict for each in group)
        worst = next(each for each in group if each.verdict is verdict)
        seconds = round(sum(each.observation.seconds for each in group), 4)
        facts = worst.observation.facts
        if worst.observation.bind:
            facts = {"bind": worst.observation.bind, **facts}
        yield Cell(experiment, worker.backend, revision, verdict, worst.reason, seconds, facts)
    for experiment, reason in worker.errors:
        yield Cell(experiment, worker.backend, None, Verdict.ERRORED, reason)
    for experiment in request.experiments:
        if worker.report is not None and _is_kept_from(worker.report, experiment):
            yield Cell(experiment, worker.backend, None, worker.report.verdict, worker.report.reason)
        elif not worker.is_done and experiment not in worker.ended:
            yield Cell(experiment, worker.backend, None, Verdict.ERRORED, _death(worker))


def _is_kept_from(report: BackendReport, experiment: str) -> bool:
    """Whether an experiment was not asked, for what the backend's report says."""
    if report.verdict is Verdict.SKIPPED:
        return EXPERIMENTS[experiment].needs_server
    return report.verdict is not Verdict.PASSED


def findings(request: Request, worker: Worker, judged: Sequence[Judged]) -> Iterator[Finding]:
    """A finding per fault."""
    product = worker.backend.partition(":")[0]
    for each in judged:
        for fault in each.faults:
            rule = RULES[fault.rule]
            revision = each.observation.revision
            yield Finding(
                rule=rule.name,
                severity=fault.severity or rule.severity,
                experiment=each.experiment,
                backends=(worker.backend,),
                revision=revision,
                message=f"{each.observation.bind}: {fault.message}"
                if each.observation.bind
                else fault.message,
                evidence=_evidence(each.observation, fault),
                remedy=remedy_for(rule, product, fault.message, fault.evidence),
                repeat=_repeat(request, each.experiment, worker.backend, revision),
            )


def _evidence(observation: Observation, fault: Fault) -> Mapping[str, Any]:
    bind = {"bind": observation.bind} if observation.bind else {}
    kept = {name: said for name, said in observation.facts.items() if name.startswith("kept")}
    return {**bind, **fault.evidence, **kept}


def not_compared(worker: Worker) -> Iterator[str]:
    """What experiments passed over on a backend, each once."""
    said = (
        each for _, observation in worker.observations for each in observation.facts.get("not_compared", ())
    )
    yield from dict.fromkeys(f"{worker.backend}: {each}" for each in said)


def _repeat(request: Request, experiment: str, backend: str, revision: str | None) -> str:
    only = f" --only {revision}" if revision else ""
    options = "".join(f" {each}" for each in request.options.repeated(experiment))
    return f"{request.program} {experiment} --on {backend}{only}{options}"


def backend(worker: Worker) -> BackendReport:
    """What a worker said of its backend; errored when the worker died."""
    product = worker.backend.partition(":")[0]
    report = worker.report or BackendReport(worker.backend, product, "", "", Verdict.ERRORED)
    return report if worker.is_done else replace(report, verdict=Verdict.ERRORED, reason=_death(worker))


def _death(worker: Worker) -> str:
    code = worker.process.exitcode or 0
    how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
    return f"its process {how} before it was done"
