"""The lab in pytest: an item per experiment, backend and revision, with `--lab` or by import.

pytest loads this wherever the package is installed, so it imports nothing of the lab before someone asks for it.
"""

from __future__ import annotations

import os
import secrets
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from flask_lab.pytest_shelf import Inquiry, Outcome, Place
    from flask_lab.results import Facts, Finding

__all__ = ["LabCell", "lab_tests", "test_migrations"]

NODE = "lab"
CELL = "lab_cell"
NOTE = "lab_note"
"""The property whose values the summary repeats."""
WORKER_FOLDER = "flask_lab_folder"


@dataclass(frozen=True, slots=True)
class Asked:
    """What a test asks; what it leaves open, options and [tool.flask_lab] say."""

    app: str = ""
    alembic: str = ""
    metadata: str = ""
    on: tuple[str, ...] = ()
    experiments: tuple[str, ...] = ()
    require: bool = False
    baseline: str = ""


FOLDER = pytest.StashKey[Path]()
INQUIRIES = pytest.StashKey[dict[Asked, "Inquiry"]]()
PICKED = pytest.StashKey[frozenset[str]]()


class LabCell:
    """One place of the lab's grid, after the run: an experiment on a backend, at a revision or on the whole tree."""

    def __init__(self, place: Place, outcome: Outcome) -> None:
        self.experiment = place.experiment
        self.backend = place.backend
        self.revision = place.revision
        """None stands for the whole tree."""
        self._outcome = outcome

    @property
    def findings(self) -> Sequence[Finding]:
        """Accepted ones included."""
        return self._outcome.findings

    @property
    def facts(self) -> Facts:
        """What the experiment observed here."""
        return self._outcome.facts

    def check(self) -> None:
        """Fail if there are findings; findings that someone has accepted are an expected failure."""
        if self._outcome.verdict == "failed":
            pytest.fail(self._outcome.text, pytrace=False)
        if self._outcome.verdict == "known":
            pytest.xfail(self._outcome.text)


def lab_tests(  # noqa: PLR0913  (keywords, as a person writes them in a test file)
    app: str = "",
    *,
    alembic: str = "",
    metadata: str = "",
    on: Sequence[str] = (),
    experiments: Sequence[str] = (),
    require: bool = False,
    baseline: str = "",
) -> Callable[[LabCell], None]:
    """A test function for a project: it runs once per experiment, backend and revision.

    `alembic` names the file of a plain Alembic project in place of an app, and `metadata` where its models are.
    """

    def test(lab_cell: LabCell) -> None:
        """The lab has no finding here."""
        lab_cell.check()

    asked = Asked(app, alembic, metadata, tuple(on), tuple(experiments), require, baseline)
    test.lab_asked = asked  # type: ignore[attr-defined]
    return test


test_migrations = lab_tests()


@pytest.fixture(scope="session")
def lab_urls() -> Mapping[str, str]:
    """URLs of servers that run anyway, by product, for the lab to make its databases on; override it to give some."""
    return {}


@pytest.fixture
def lab_cell(request: pytest.FixtureRequest, lab_urls: Mapping[str, str]) -> LabCell:
    """What the lab saw at one place. A test that asks for it runs once per experiment, backend and revision."""
    return _settle(request.node, _asked(request.function), request.param, lab_urls)


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("lab", "flask lab: every revision of a Flask-Migrate tree on every database")
    group.addoption(
        "--lab", action="store_true", help="Collect an item per experiment, backend and revision."
    )
    group.addoption("--lab-app", metavar="APP", help="The app, as flask --app takes it.")
    group.addoption("--lab-alembic", metavar="FILE", help="A plain Alembic project in place of an app.")
    group.addoption("--lab-metadata", metavar="MODULE:NAME", help="Where the models of a plain project are.")
    group.addoption("--lab-on", metavar="BACKENDS", help="With commas between: sqlite,postgres:17,mysql.")
    group.addoption("--lab-experiments", metavar="NAMES", help="With commas between. Default: all.")
    group.addoption("--lab-require", action="store_true", help="A backend out of reach is an error.")
    group.addoption("--lab-baseline", metavar="FILE", help="Accept the findings that this file lists.")


def pytest_sessionstart(session: pytest.Session) -> None:
    # Before xdist starts its workers: what is wrong with the project or the settings is said once.
    if _is_on(session.config):
        _inquiry(session.config, Asked(), pytest.UsageError)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a worker of xdist where the session keeps its runs."""
    node.workerinput[WORKER_FOLDER] = str(_folder(node.config))


def pytest_unconfigure(config: pytest.Config) -> None:
    if FOLDER in config.stash and not hasattr(config, "workerinput"):
        shutil.rmtree(config.stash[FOLDER], ignore_errors=True)


@pytest.hookimpl(tryfirst=True)
def pytest_collection(session: pytest.Session) -> None:
    """Take the lab's node ids from the command line: pytest would look for a file called `lab`."""
    config = session.config
    if _is_on(config):
        ours = [each for each in config.args if _is_ours(config, each)]
        config.stash[PICKED] = frozenset(each.partition("::")[2] for each in ours) - {""}
        config.args[:] = [each for each in config.args if each not in ours]


def _is_on(config: pytest.Config) -> bool:
    # Without the option where a plugin or conftest.py has loaded this too late to add it.
    return bool(config.getoption("lab", False))


def _is_ours(config: pytest.Config, argument: str) -> bool:
    path = config.invocation_params.dir / argument.partition("::")[0]
    return path.name == NODE and not path.exists()


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Put the lab's items after the session's own."""
    report = yield
    if isinstance(collector, pytest.Session) and report.passed and _is_on(collector.config):
        report.result.append(LabItems.from_parent(collector, name=NODE, nodeid=NODE))
    return report


class LabItems(pytest.Collector):
    """Everything that --lab collects."""

    def collect(self) -> Iterator[pytest.Item]:
        """An item per place, or those that were picked on the command line."""
        inquiry = _inquiry(self.config, Asked(), self.CollectError)
        picked = self.config.stash[PICKED]
        named = [(f"{place.experiment}[{place.id}]", place) for place in inquiry.places]
        if unknown := picked.difference(*((name, place.experiment) for name, place in named)):
            raise self.CollectError(f"not found: {', '.join(f'{NODE}::{each}' for each in sorted(unknown))}")
        for name, place in named:
            if not picked or name in picked or place.experiment in picked:
                # A whole id, which pytest takes apart: made from the parent's, its brackets would be of the name.
                yield LabItem.from_parent(self, name=name, nodeid=f"{NODE}::{name}", place=place)


class LabItem(pytest.Item):
    """One place of the grid."""

    def __init__(self, *, place: Place, **named: Any) -> None:
        super().__init__(**named)
        self.place = place
        for mark in _marks(self.config):
            self.add_marker(mark)

    def setup(self) -> None:
        """Have the lab run, if it has not yet."""
        self.cell = _settle(self, Asked(), self.place, {})

    def runtest(self) -> None:
        self.cell.check()

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, self.name


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if CELL not in metafunc.fixturenames:
        return
    inquiry = _inquiry(metafunc.config, _asked(metafunc.function), pytest.Collector.CollectError)
    marks = _marks(metafunc.config)
    places = [
        pytest.param(place, id=f"{place.experiment}-{place.id}", marks=marks) for place in inquiry.places
    ]
    metafunc.parametrize(CELL, places, indirect=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say once what was not compared, what did not run, and what was found that fails nothing."""
    notes = {
        value: None
        for reports in terminalreporter.stats.values()
        for report in reports
        if isinstance(report, pytest.TestReport)
        for key, value in report.user_properties
        if key == NOTE
    }
    if notes:
        terminalreporter.section("flask lab")
        for each in notes:
            terminalreporter.write_line(str(each))


def _settle(item: pytest.Item, asked: Asked, place: Place, urls: Mapping[str, str]) -> LabCell:
    """What became of a place; an error or a skip unless it was tried."""
    inquiry = _inquiry(item.config, asked, pytest.UsageError)
    outcome = inquiry.outcome(place, lambda: _wanted(item.session, asked), urls)
    for finding in outcome.findings:
        item.user_properties.append(("lab_rule", finding.rule))
        if finding.accepted is not None:
            item.user_properties.append(("lab_accepted", f"{finding.rule}: {finding.accepted}"))
    item.user_properties += [(NOTE, each) for each in outcome.notes]
    if outcome.verdict == "errored":
        pytest.fail(outcome.text, pytrace=False)
    if outcome.verdict == "skipped":
        pytest.skip(outcome.text)
    return LabCell(place, outcome)


def _wanted(session: pytest.Session, asked: Asked) -> set[Place]:
    """The places that the session's items ask about, of those left after every selection."""
    return {place for item in session.items for place in _places(item, asked)}


def _places(item: pytest.Item, asked: Asked) -> Iterator[Place]:
    if isinstance(item, LabItem) and asked == Asked():
        yield item.place
    elif isinstance(item, pytest.Function) and CELL in item.fixturenames and _asked(item.function) == asked:
        place: Any = item.callspec.params[CELL]
        yield place


def _asked(function: Any) -> Asked:
    asked: Asked = getattr(function, "lab_asked", Asked())
    return asked


def _inquiry(config: pytest.Config, asked: Asked, wrong: type[Exception]) -> Inquiry:
    """What is asked of which project; raises `wrong` with a sentence when that cannot be."""
    from flask_lab.pytest_shelf import Inquiry, Question  # noqa: PLC0415  (only who asks for the lab imports it)

    known = config.stash.setdefault(INQUIRIES, {})
    if asked not in known:
        app, alembic, metadata = _named(config, asked)
        question = Question(
            folder=_project(config),
            app=app,
            alembic=alembic,
            metadata=metadata,
            on=asked.on or _list(config.getoption("lab_on")),
            experiments=asked.experiments or _list(config.getoption("lab_experiments")),
            require=asked.require or config.getoption("lab_require"),
            baseline=asked.baseline or config.getoption("lab_baseline") or "",
        )
        known[asked] = Inquiry(question, _folder(config))
    if known[asked].wrong:
        raise wrong(f"flask lab: {known[asked].wrong}")
    return known[asked]


def _named(config: pytest.Config, asked: Asked) -> tuple[str, str, str]:
    """The app, or the plain project and its metadata, as the test names it, else the options, else FLASK_APP."""
    options = [config.getoption(f"lab_{name}") or "" for name in ("app", "alembic", "metadata")]
    app, alembic, metadata = (
        (asked.app, asked.alembic, asked.metadata) if asked.app or asked.alembic else options
    )
    return app or ("" if alembic else os.environ.get("FLASK_APP", "")), alembic, metadata


def _list(given: str | None) -> tuple[str, ...]:
    return tuple((given or "").replace(",", " ").split())


def _project(config: pytest.Config) -> Path:
    """The folder from which `flask` would be run: the nearest with a pyproject.toml, up to pytest's own root."""
    here, root = config.invocation_params.dir, config.rootpath
    within = [each for each in (here, *here.parents) if each == root or root in each.parents]
    return next((each for each in within if (each / "pyproject.toml").is_file()), root)


def _folder(config: pytest.Config) -> Path:
    """Where the session, all its processes together, keeps its runs; made when there is one."""
    given: str | None = getattr(config, "workerinput", {}).get(WORKER_FOLDER)
    new = Path(tempfile.gettempdir()) / f"flask-lab-pytest-{secrets.token_hex(8)}"
    return config.stash.setdefault(FOLDER, Path(given) if given else new)


def _marks(config: pytest.Config) -> list[pytest.MarkDecorator]:
    """With xdist's --dist loadgroup one worker takes all of them; otherwise several would wait for one run."""
    return [pytest.mark.xdist_group("flask_lab")] if config.pluginmanager.hasplugin("xdist") else []
