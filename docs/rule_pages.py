"""Makes docs/rules: a page per rule, with what each database really did with its two trees in tests/trees.

python docs/rule_pages.py [RULE ...]   (all four databases have to be within reach)
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, chdir
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from flask_lab.backends import PRODUCTS  # noqa: E402  (the project is not installed; its root has to be on the path first)
from flask_lab.errors import ConfigError, LabError  # noqa: E402
from flask_lab.experiments import EXPERIMENTS  # noqa: E402
from flask_lab.reports.evidence import evidence_on  # noqa: E402
from flask_lab.results import Finding, Run, Verdict  # noqa: E402
from flask_lab.rules import RULES, Rule  # noqa: E402
from flask_lab.runner import Request, run  # noqa: E402
from flask_lab.sources import open_server  # noqa: E402
from flask_lab.worker import Message  # noqa: E402
from tests.engine.projects import TREES, asked, make_project, options_of  # noqa: E402

FOLDER = ROOT / "docs" / "rules"


class Silent:
    """A listener that has nothing to show."""

    def heard(self, backend: str, message: Message) -> None:
        """Say nothing."""


def main(names: list[str]) -> int:
    """Run the trees of these rules, or of all, and write their pages."""
    try:
        if unknown := [name for name in names if name not in RULES]:
            raise ConfigError.unknown_name("rule", unknown[0], list(RULES))
        FOLDER.mkdir(exist_ok=True)
        with ExitStack() as stack:
            for name in filter(lambda product: product != "sqlite", PRODUCTS):
                # Once for all trees, which takes less than starting them for each.
                url = stack.enter_context(open_server(name)).url
                os.environ[f"LAB_{name.upper()}_URL"] = url.render_as_string(hide_password=False)
            for rule in (RULES[name] for name in names or RULES):
                page = "\n".join(lines(rule, tried(rule, "bad"), tried(rule, "good"))) + "\n"
                (FOLDER / f"{rule.name}.md").write_text(page, encoding="utf-8")
                print(f"docs/rules/{rule.name}.md")
    except LabError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 2
    (FOLDER / "README.md").write_text("\n".join(index()) + "\n", encoding="utf-8")
    return 0


def tried(rule: Rule, kind: str) -> Run:
    """What every experiment says of a rule's tree on every database."""
    with tempfile.TemporaryDirectory() as folder:
        project = make_project(Path(folder) / "project", TREES / rule.name / kind)
        with chdir(project):
            request = Request("app", tuple(PRODUCTS), asked(rule.name), options=options_of(rule.name))
            return run(request, Silent())


def index() -> Iterator[str]:
    """The page that lists all others, by experiment."""
    yield "# Rules"
    yield ""
    yield "What `flask lab run` can find, by experiment. `flask lab explain` prints the same on a terminal. The pages"
    yield "are made by `python docs/rule_pages.py`, which runs both trees of each rule on every database."
    for experiment in EXPERIMENTS.values():
        yield ""
        yield f"## `{experiment.name}`"
        yield ""
        yield experiment.page.splitlines()[0]
        yield ""
        yield "| rule | severity | |"
        yield "| --- | --- | --- |"
        for rule in RULES.values():
            if rule.experiment == experiment.name:
                yield f"| [{rule.name}]({rule.name}.md) | {rule.severity.value} | {rule.title} |"


def lines(rule: Rule, bad: Run, good: Run) -> Iterator[str]:
    """A rule's page."""
    yield f"# {rule.name}"
    yield ""
    yield f"{rule.title}. Severity {rule.severity.value}; found by `{rule.experiment}`."
    yield ""
    yield rule.why
    yield ""
    yield "## What to do"
    yield ""
    yield rule.remedy
    if rule.code:
        yield from ("", "```python", rule.code.strip(), "```")
    yield ""
    yield "## Found"
    yield from code(rule, "bad")
    yield from outcomes(rule, bad)
    yield ""
    yield "## Not found"
    yield from code(rule, "good")
    yield from outcomes(rule, good)


def code(rule: Rule, kind: str) -> Iterator[str]:
    """What a tree has that its twin has not."""
    here = TREES / rule.name / kind
    there = TREES / rule.name / ("good" if kind == "bad" else "bad")
    for path in sorted(here.rglob("*.py")):
        twin = there / path.relative_to(here)
        if not twin.exists() or twin.read_text() != path.read_text():
            yield ""
            yield f"`{path.relative_to(here)}`:"
            yield ""
            yield "```python"
            yield path.read_text().strip()
            yield "```"


def outcomes(rule: Rule, seen: Run) -> Iterator[str]:
    """What each database did; those that did the same in one row."""
    rows: dict[str, list[str]] = {}
    for backend in seen.backends:
        found = [cell(each) for each in seen.findings if backend.name in each.backends]
        said = "<br>".join(found) or outcome(seen, backend.name, rule)
        rows.setdefault(said, []).append(f"{PRODUCTS[backend.product].title} {backend.version}")
    yield ""
    yield "| database | what the lab found |"
    yield "| --- | --- |"
    for said, titles in rows.items():
        yield f"| {', '.join(titles)} | {said} |"
    for each in seen.findings:
        yield from shown(each)


def outcome(seen: Run, backend: str, rule: Rule) -> str:
    """Why there is no finding on a database."""
    cells = [each for each in seen.cells if each.backend == backend and each.experiment == rule.experiment]
    verdict = Verdict.worst(each.verdict for each in cells)
    return "nothing" if verdict is Verdict.PASSED else f"{verdict.value}: {cells[0].reason}"


def cell(finding: Finding) -> str:
    """A finding within a table."""
    said = " ".join(finding.message.split()).replace("|", "\\|").replace("<", "&lt;")
    return f"`{finding.rule}`: {said}"


def shown(finding: Finding) -> Iterator[str]:
    """The evidence of a finding; databases that have the same together."""
    blocks: dict[tuple[str, ...], list[str]] = {}
    for backend in finding.backends:
        told = evidence_on(finding, backend)
        width = max((len(label) for label, _ in told), default=0) + 2
        blocks.setdefault(
            tuple(f"{label:<{width}}{' '.join(said.split())}" for label, said in told), []
        ).append(backend)
    for block, backends in blocks.items():
        if block:
            yield ""
            yield f"`{finding.rule}` on {', '.join(backends)}:"
            yield ""
            yield "```text"
            yield from block
            yield "```"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
