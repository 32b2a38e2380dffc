"""The table at the end of a session: per backend its version, source and results, and why what did not run did not.

Workers of xdist and single sessions report alike: each test carries its backend in its user properties,
which also reach the JUnit file.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from flask_lab.backends import PRODUCTS
from flask_lab.errors import LabError
from flask_lab.sources import Server, plan
from tests.harness.plugin import SERVERS, on_backend
from tests.harness.servers import chosen, required

if TYPE_CHECKING:
    from collections.abc import Generator

COLUMNS = ("backend", "version", "source", "passed", "failed", "skipped", "seconds")


@dataclass(slots=True)
class Results:
    """What one backend's tests came to."""

    version: str = "-"
    source: str = "-"
    reason: str = ""
    counts: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def add(self, report: pytest.TestReport, facts: dict[str, str]) -> None:
        self.version, self.source = facts.get("version", self.version), facts.get("source", self.source)
        self.reason = facts.get("unavailable", self.reason)
        self.seconds += report.duration
        if report.when == "call" or report.outcome != "passed":
            self.counts[report.outcome] += 1

    def row(self, name: str) -> tuple[str, ...]:
        outcomes = [str(self.counts[outcome]) for outcome in ("passed", "failed", "skipped")]
        return (name, self.version, self.source, *outcomes, f"{self.seconds:.1f}")


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Table(), "backends-table")


def pytest_report_header() -> list[str]:
    return [f"backend {name}: {_outlook(name)}" for name in chosen()]


def _outlook(name: str) -> str:
    try:
        return "from {}, {}".format(*plan(name))
    except LabError as error:
        return f"{'FAILS' if required(name) else 'does not run'}: {error}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Tell the session's controller, which has no servers of its own, about this test's server."""
    if call.when == "setup" and (name := on_backend(item)):
        known = item.config.stash[SERVERS].known(name)
        item.user_properties.append(("backend", name))
        if isinstance(known, Server):
            item.user_properties += [("version", known.version), ("source", known.source)]
        elif known:
            item.user_properties.append(("unavailable", str(known)))
    return (yield)


class Table:
    """Gathers every report and prints the table, and after it each reason for a skip once."""

    def __init__(self) -> None:
        self.results: dict[str, Results] = {}
        self.skips: Counter[str] = Counter()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        facts = {key: str(value) for key, value in report.user_properties}
        if name := facts.get("backend"):
            self.results.setdefault(name, Results()).add(report, facts)
        if report.skipped and isinstance(report.longrepr, tuple) and "unavailable" not in facts:
            self.skips[report.longrepr[2].removeprefix("Skipped: ")] += 1

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        if self.results:
            self._write_table(terminalreporter)
        for reason, times in self.skips.most_common():
            terminalreporter.write_line(f"skipped {times}: {reason}")

    def _write_table(self, terminalreporter: pytest.TerminalReporter) -> None:
        rows = [COLUMNS, *(self.results[name].row(name) for name in PRODUCTS if name in self.results)]
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        terminalreporter.section("backends")
        for row in rows:
            cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=True)]
            reason = self.results[row[0]].reason if row[0] in self.results else ""
            terminalreporter.write_line("  ".join(cells).rstrip())
            if reason:
                terminalreporter.write_line(f"  {row[0]} did not run: {reason}")
