"""The lab in pytest, as a project's own sessions meet it. On SQLite but for one, by real processes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from flask_lab.experiments import EXPERIMENTS
from flask_lab.runner import Request, run
from tests.engine.projects import TREES, make_project
from tests.engine.test_plain import plain
from tests.engine.test_project import ROOT, lab
from tests.engine.test_trees import Silent
from tests.harness.plugin import ReadyBackend

Session = Callable[..., pytest.RunResult]
ROOMS = [("-p", "no:xdist"), ("-n", "2"), ("-n", "2", "--dist", "loadgroup")]
NAMES = ["alone", "load", "loadgroup"]
# Three, whatever others there will be.
THREE = ("stairway", "data", "drift")
LAB = ("--lab", "--lab-on", "sqlite", "--lab-experiments", ",".join(THREE))
NOWHERE = "postgresql://lab:secret@127.0.0.1:1/postgres"


@pytest.fixture
def session(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> Session:
    """Runs a session of pytest in a folder, with warnings as errors."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))

    def run(folder: Path, *options: str) -> pytest.RunResult:
        monkeypatch.chdir(folder)
        strict = ("--strict-markers", "-W", "error", "-p", "flask_lab.pytest_plugin")
        return pytester.runpytest_subprocess(*strict, *options)

    return run


@pytest.fixture
def bad(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project", TREES / "downgrade-missing" / "bad")


@pytest.fixture
def good(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project", TREES / "model-drift" / "good")


def count_upgrades(project: Path) -> Path:
    """Let the first revision write a line to a file, whose path this is, whenever it is applied."""
    first, log = project / "migrations" / "versions" / "0001_users.py", project / "upgrades"
    said = f"print('up', file=open({str(log)!r}, 'a'))"
    first.write_text(first.read_text().replace("def upgrade():", f"def upgrade():\n    {said}"))
    return log


@pytest.mark.parametrize("room", ROOMS, ids=NAMES)
def test_bad_tree_fails_at_its_revision_and_the_run_is_made_once(
    bad: Path, session: Session, room: tuple[str, ...]
) -> None:
    log = count_upgrades(bad)
    done = session(bad, *LAB, "-rfs", *room)
    done.assert_outcomes(passed=4, failed=1, skipped=1)
    upgrades = len(log.read_text().splitlines())
    log.unlink()
    lab(bad, "run", *THREE, "--on", "sqlite")
    assert upgrades == len(log.read_text().splitlines()), "as many as one run of the command line makes"
    done.stdout.fnmatch_lines(
        [
            "downgrade-missing: the downgrade does nothing; what is left: column users.phone is left",
            "error, 0002_phone on sqlite: The downgrade does nothing, or refuses",
            "remedy: Write the downgrade.*",
            "again:  python -m flask_lab run stairway --on sqlite --only 0002_phone",
            "FAILED lab::stairway[[]sqlite-0002_phone[]] - *downgrade-missing*",
            "SKIPPED * no models are declared",
        ]
    )
    done.stdout.no_fnmatch_line("*Traceback*")


def test_good_tree_passes_and_what_was_not_compared_is_said(good: Path, session: Session) -> None:
    done = session(good, *LAB)
    done.assert_outcomes(passed=4)
    done.stdout.fnmatch_lines(["*= flask lab =*", "not compared: sqlite: *"])
    assert done.ret == 0


def test_items_are_chosen_as_any_other(bad: Path, session: Session) -> None:
    session(bad, *LAB, "-k", "stairway and tree").assert_outcomes(passed=1, deselected=5)
    session(bad, *LAB, "lab::stairway[sqlite-0002_phone]", "lab::drift").assert_outcomes(failed=1, skipped=1)
    session(bad, *LAB, "--lf", "-x", "-n", "1").assert_outcomes(failed=1)
    unknown = session(bad, *LAB, "lab::stairway[sqlite-9999]")
    unknown.stdout.fnmatch_lines(["not found: lab::stairway[[]sqlite-9999[]]"])
    assert unknown.ret == pytest.ExitCode.INTERRUPTED


def test_missing_server_skips_and_is_an_error_where_required(
    good: Path, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LAB_POSTGRES_URL", NOWHERE)
    options = ("--lab", "--lab-on", "sqlite,postgres", "--lab-experiments", "stairway")
    skipped = session(good, *options)
    skipped.assert_outcomes(passed=2, skipped=2)
    skipped.stdout.fnmatch_lines(["postgres did not run: no server for postgres: LAB_POSTGRES_URL: *"])
    required = session(good, *options, "--lab-require")
    required.assert_outcomes(passed=2, errors=2)
    assert "secret" not in str(skipped.stdout) + str(required.stdout)
    required.stdout.no_fnmatch_line("*Traceback*")


def test_accepted_findings_are_expected_failures(bad: Path, session: Session) -> None:
    baseline = bad / "known.json"
    entry = '{"rule": "downgrade-missing", "revision": "0002_phone", "backends": [], "reason": "too old"}'
    baseline.write_text(f'{{"format": 1, "accepted": [{entry}]}}')
    options = ("--lab", "--lab-on", "sqlite", "--lab-experiments", "stairway", "-rx", "--junitxml", "out.xml")
    done = session(bad, *options, "--lab-baseline", "known.json")
    done.assert_outcomes(passed=2, xfailed=1)
    done.stdout.fnmatch_lines(["XFAIL lab::stairway* - downgrade-missing is accepted: too old"])
    assert '<property name="lab_rule" value="downgrade-missing"' in (bad / "out.xml").read_text()
    revision = bad / "migrations" / "versions" / "0002_phone.py"
    revision.write_text(f"{revision.read_text()}\n# lab: ignore[downgrade-missing] phones stay\n")
    done = session(bad, *options)
    done.stdout.fnmatch_lines(["XFAIL lab::stairway* - downgrade-missing is accepted: phones stay"])


def test_findings_below_fail_on_are_told_and_fail_nothing(bad: Path, session: Session) -> None:
    (bad / "pyproject.toml").write_text('[tool.flask_lab]\nfail_on = "never"\non = ["sqlite"]\n')
    done = session(bad, "--lab", "--lab-experiments=stairway")
    done.assert_outcomes(passed=3)
    done.stdout.fnmatch_lines(["error: downgrade-missing  0002_phone on sqlite: the downgrade does nothing*"])


def test_a_test_file_holds_them_by_import(bad: Path, session: Session) -> None:
    (bad / "tests").mkdir()
    (bad / "tests" / "test_tree.py").write_text(
        "from flask_lab.pytest_plugin import lab_tests, test_migrations\n"
        "test_ends = lab_tests('app:create_app()', on=['sqlite'], experiments=['stairway'])\n"
        "def test_ours(lab_cell):\n"
        "    found = [each.rule for each in lab_cell.findings]\n"
        "    assert found == (['downgrade-missing'] if lab_cell.revision == '0002_phone' else []), lab_cell.facts\n"
    )
    done = session(bad, "--lab-on=sqlite", "--lab-experiments=stairway", "-v", "-n2", "tests")
    done.assert_outcomes(passed=7, failed=2)
    done.stdout.fnmatch_lines_random(
        [
            "*tests/test_tree.py::test_migrations[[]stairway-sqlite-0002_phone[]]*",
            "*tests/test_tree.py::test_ends[[]stairway-sqlite-tree[]]*",
            "*tests/test_tree.py::test_ours[[]stairway-sqlite-0002_phone[]]*",
            "again:  python -m flask_lab --app app:create_app() run stairway --on sqlite --only 0002_phone",
        ]
    )
    done.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.parametrize("room", ROOMS[:2], ids=NAMES[:2])
def test_broken_project_is_one_sentence(bad: Path, session: Session, room: tuple[str, ...]) -> None:
    (bad / "migrations" / "versions" / "0002_phone.py").write_text("import nothing_of_the_kind\n")
    done = session(bad, "--lab", *room)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    assert (
        str(done.stderr).strip().startswith("ERROR: flask lab: a revision in migrations cannot be imported")
    )
    assert len(str(done.stderr).strip().splitlines()) == 1
    (bad / "test_tree.py").write_text("from flask_lab.pytest_plugin import test_migrations\n")
    done = session(bad, "test_tree.py", *room)
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["flask lab: a revision in migrations cannot be imported: *"])
    done.stdout.no_fnmatch_line("*Traceback*")


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--lab-on=oracle", "there is no backend 'oracle'; *"),
        ("--lab-experiments=stairwy", "there is no experiment 'stairwy'; did you mean stairway?"),
        ("--lab-baseline=none.json", "the baseline none.json cannot be read: *"),
        ("--lab-app=nowhere", "the app nowhere cannot be loaded: *"),
    ],
)
def test_wrong_options_are_usage_errors(bad: Path, session: Session, option: str, said: str) -> None:
    done = session(bad, "--lab", option)
    assert done.ret == pytest.ExitCode.USAGE_ERROR
    done.stderr.fnmatch_lines([f"ERROR: flask lab: {said}"])


def test_items_of_a_worker_that_died_are_errors(bad: Path, session: Session) -> None:
    revision = bad / "migrations" / "versions" / "0002_phone.py"
    revision.write_text(
        revision.read_text().replace("def upgrade():", "def upgrade():\n    __import__('os')._exit(7)")
    )
    done = session(bad, *LAB)
    done.assert_outcomes(errors=6)
    done.stdout.fnmatch_lines(["*its process ended with exit code 7 before it was done*"])
    for name in ("stairway[[]sqlite-0002_phone[]]", "stairway[[]sqlite-tree[]]", "drift[[]sqlite-tree[]]"):
        done.stdout.fnmatch_lines([f"ERROR lab::{name}*"])


def test_session_that_asks_for_nothing_loads_nothing(tmp_path: Path, session: Session) -> None:
    (tmp_path / "test_it.py").write_text(
        "import sys\n"
        "def test_it():\n"
        "    assert [name for name in sys.modules if name.startswith('flask')] == "
        "['flask_lab', 'flask_lab.pytest_plugin']\n"
        "    assert not {'sqlalchemy', 'alembic', 'click', 'rich'} & set(sys.modules)\n"
    )
    session(tmp_path, "-p", "no:xdist").assert_outcomes(passed=1)


@pytest.mark.needs("server")
def test_a_project_gives_a_server_that_runs_anyway(
    bad: Path, session: Session, backend: ReadyBackend
) -> None:
    url = backend.server.url.render_as_string(hide_password=False)
    (bad / "test_tree.py").write_text(
        "import pytest\n"
        "from flask_lab.pytest_plugin import lab_tests\n"
        f"test_server = lab_tests(on=[{backend.name!r}], experiments={THREE}, require=True)\n"
        "@pytest.fixture(scope='session')\n"
        f"def lab_urls(): return {{{backend.name!r}: {url!r}}}\n"
    )
    session(bad, "test_tree.py", "-n", "2").assert_outcomes(passed=4, failed=1, skipped=1)


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_every_experiment_says_what_it_records(
    good: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(good)
    seen = run(Request("app", ("sqlite",), (name,)), Silent())
    places = {cell.revision for cell in seen.cells}
    experiment = EXPERIMENTS[name]
    revisions = {each.id for each in seen.project.revisions} if experiment.of_revisions else set()
    assert places == revisions | ({None} if experiment.of_tree else set())


def test_revisions_that_make_no_tree_are_asked_about_as_a_whole(tmp_path: Path, session: Session) -> None:
    folder = make_project(tmp_path / "project", TREES / "broken-graph" / "bad")
    done = session(folder, "--lab", "--lab-on", "sqlite", "-v")
    outcomes = done.parseoutcomes()
    assert (outcomes["failed"], outcomes["skipped"]) == (1, len(EXPERIMENTS) - 1)
    done.stdout.fnmatch_lines(["FAILED lab::drift[[]sqlite-tree[]]*broken-graph: *"])


def test_plain_project_is_named_by_its_file(tmp_path: Path, session: Session) -> None:
    folder = plain(tmp_path / "project")
    named = ("--lab-alembic", "alembic.ini", "--lab-metadata", "models:metadata")
    session(folder, *LAB, *named).assert_outcomes(passed=4)
