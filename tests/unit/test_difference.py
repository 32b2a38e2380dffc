"""The difference of two runs in each of its formats, and what `show --diff` takes."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from flask_lab import reports, store
from flask_lab.cli import lab
from flask_lab.comparing import difference
from flask_lab.errors import ConfigError
from flask_lab.reports.difference import as_json, markdown, render
from flask_lab.results import Cell, Finding, ProjectReport, Revision, Severity, Verdict
from tests.unit.sample_run import DRIFT, ENUM, RUN

THIRD = Revision("0003", ("0002",), "Add *phone*", "migrations/versions/0003.py")
WAITS = Finding(
    "blocks-writes",
    Severity.WARNING,
    "traffic",
    ("mysql",),
    "0002",
    "writes of users wait 480 ms at 100,000 rows",
    {},
    "Add it without the index first.",
    None,
    "flask --app shop lab run traffic --on mysql --only 0002",
)
FAILS = replace(ENUM, rule="upgrade-fails", backends=("sqlite",), message="near <b>: syntax error")


def stairs(backend: str, seconds: float, slip: float) -> tuple[Cell, ...]:
    """Six steps on a backend, the last of which takes so much longer."""
    times = [seconds] * 5 + [seconds + slip]
    return tuple(
        Cell("stairway", backend, f"10{number}", Verdict.PASSED, facts={"upgrade": {"seconds": each}})
        for number, each in enumerate(times)
    )


OLD = tuple(Revision(f"10{number}", (), "", "") for number in range(6))
BEFORE = replace(
    RUN,
    project=ProjectReport("shop", ("0002",), (*RUN.project.revisions, *OLD)),
    cells=(*RUN.cells[:6], *stairs("postgres", 0.2, 0.0), Cell("traffic", "mysql", "0002", Verdict.FAILED)),
    findings=(ENUM, DRIFT, WAITS),
)
AFTER = replace(
    RUN,
    id="20261122-120000-cd34",
    started=RUN.started + timedelta(days=1),
    project=ProjectReport("shop", ("0003",), (*RUN.project.revisions, *OLD, THIRD)),
    backends=(RUN.backends[0], replace(RUN.backends[1], version="19.0"), *RUN.backends[2:]),
    cells=(
        *RUN.cells[:-1],
        replace(RUN.cells[-1], reason="the server went away"),
        *stairs("postgres", 0.4, 1.6),
        Cell("stairway", "sqlite", "0003", Verdict.FAILED),
    ),
    findings=(
        replace(ENUM, backends=("mysql",)),
        replace(DRIFT, accepted="later"),
        FAILS,
        replace(FAILS, revision="0003"),
    ),
)
SEEN = difference(BEFORE, AFTER)


def lines(text: str) -> str:
    """A text without what is padding only."""
    return "\n".join(line.rstrip() for line in text.splitlines())


def test_terminal_tells_what_is_worst_first_and_ends_on_one_line() -> None:
    text = render(SEEN)
    assert max(map(len, text.splitlines())) <= 100
    assert (
        lines(text)
        == """\
from 20261121-120000-ab12 (shop, 2026-11-21 12:00) on sqlite, postgres, mysql, mariadb
to   20261122-120000-cd34 (shop, 2026-11-22 12:00) on sqlite, postgres, mysql, mariadb

! broke off, and had not before: 1
  drift on mysql: the server went away

✗ new: 1
  error: upgrade-fails  0002 on sqlite
    near <b>: syntax error
    again: flask --app shop lab run stairway --on postgres,mysql --only 0002

✗ found where nobody had asked before: 1
  the revision is new
    error: upgrade-fails  0003 on sqlite
      near <b>: syntax error
      again: flask --app shop lab run stairway --on postgres,mysql --only 0002

○ not asked again, so that nobody knows: 1
  traffic was not asked
    warning: blocks-writes  0002 on mysql  writes of users wait 480 ms at 100,000 rows

✓ gone: 1
  error: downgrade-leaves-trace  0002 on postgres
    enumeration state is left, <b>100%</b>
    again: flask --app shop lab run stairway --on postgres,mysql --only 0002

≈ looked at in another way: 1
  model-drift, the whole tree on sqlite: accepted now: later

· databases: 1
  postgres: version 19.0 now, and version 18.6 before

· revisions: 1
  added: 0003 Add *phone*

▲ slower: 1
  105 on postgres: upgrade  200 ms to 2.0 s  5.0 times
postgres: 2.0 times slower (stairway) throughout, which is left out above

! 1 broke off, 1 new, 1 found where nobody had asked, 1 not asked again, 1 gone, 1 looked at in
another way, 1 slower; asked in both: 11 places; only before: 1, only now: 1"""
    )


def test_markdown_says_the_same_and_escapes_it() -> None:
    text = markdown(SEEN)
    assert text.startswith("## Migrations: what differs\n\n1 broke off, 1 new, ")
    titles = [line for line in text.splitlines() if line.startswith("### ")]
    assert titles == [
        "### 💥 broke off, and had not before: 1",
        "### ❌ new: 1",
        "### ❌ found where nobody had asked before: 1",
        "### ⚪ not asked again, so that nobody knows: 1",
        "### ✅ gone: 1",
        "### ☑️ looked at in another way: 1",
        "### Databases: 1",
        "### Revisions: 1",
        "### 🐢 slower: 1",
        "### Machines: 1",
    ]
    assert r"- added: 0003 Add \*phone\*" in text
    assert r"near \<b>: syntax error" in text
    assert text.count("<details>") == text.count("</details>") == 2


def test_json_is_the_documented_form() -> None:
    found = json.loads(as_json(SEEN))
    keys = "format before after places new gone not_asked newly_asked accepted severity errored backends revisions"
    assert list(found) == [*keys.split(), "slower", "quicker", "machines"]
    assert found["before"]["id"] == RUN.id
    assert found["new"][0]["rule"] == "upgrade-fails"
    assert found["not_asked"][0]["reason"] == "traffic was not asked"
    assert found["accepted"][0]["after"] == "later"
    assert found["errored"][0]["reason"].startswith("the server went away")
    assert found["revisions"] == {"added": ["0003"], "removed": [], "edited": []}
    assert found["slower"][0] == {
        "experiment": "stairway",
        "backend": "postgres",
        "revision": "105",
        "what": "upgrade",
        "before": 0.2,
        "after": 2.0,
        "times": 5.0,
    }
    assert found["machines"] == [{"backend": "postgres", "experiment": "stairway", "times": 2.0}]


def test_nothing_that_differs_is_one_line_with_what_it_rests_on() -> None:
    assert render(difference(RUN, RUN)).splitlines()[-1] == (
        "✓ nothing differs; asked in both: 5 places; only before: 0, only now: 0"
    )
    bare = replace(RUN, cells=(), findings=())
    assert (
        render(difference(bare, bare)).splitlines()[-1].startswith("○ nothing to compare; asked in both: 0")
    )
    fewer = replace(RUN, cells=RUN.cells[:1], findings=())
    assert "only before: 4, only now: 0" in render(difference(replace(RUN, findings=()), fewer))


def test_what_is_slower_alone_is_no_finding_and_quicker_is_told_the_other_way_round() -> None:
    quick = replace(RUN, cells=stairs("postgres", 0.1, 0.1), findings=())
    slow = replace(quick, cells=stairs("postgres", 0.1, 2.4))
    slower, quicker = render(difference(quick, slow)), render(difference(slow, quick))
    assert "▲ slower: 1\n  105 on postgres: upgrade  200 ms to 2.5 s  12 times" in slower
    assert slower.splitlines()[-1].startswith("▲ 1 slower; asked in both: 6 places")
    assert "▼ quicker: 1\n  105 on postgres: upgrade  2.5 s to 200 ms  12 times" in quicker
    assert quicker.splitlines()[-1].startswith("✓ 1 quicker; asked in both: 6 places")


def test_two_projects_are_told_first() -> None:
    other = replace(RUN, project=replace(RUN.project, app="stock"))
    assert render(difference(RUN, other)).splitlines()[0] == "! these are two projects: shop, and then stock"
    assert "**these are two projects: shop, and then stock**" in markdown(difference(RUN, other))


@pytest.mark.parametrize("name", ["junit", "sarif", "html", "github"])
def test_format_that_makes_no_sense_names_those_that_do(name: str) -> None:
    with pytest.raises(ConfigError) as error:
        reports.parse_format(f"{name}:x", reports.DIFFERENCE)
    assert str(error.value) == f"a difference has no format '{name}'; it has terminal, markdown, json"


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    store.save(BEFORE, tmp_path)
    store.save(AFTER, tmp_path)
    return tmp_path


def show(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(lab, ["show", *arguments], env={"LAB_STORE": str(folder)})


def test_show_diff_takes_what_show_takes(kept: Path) -> None:
    (kept / "report.json").write_text(json.dumps(AFTER.as_json()))
    for pair in (("previous", "latest"), (BEFORE.id, AFTER.id), ("previous", str(kept / "report.json"))):
        done = show(kept, "--diff", *pair)
        assert (done.exit_code, lines(done.output)) == (0, lines(render(SEEN)))


def test_show_diff_writes_several_formats(kept: Path) -> None:
    done = show(
        kept, "--diff", "previous", "latest", "--format", "markdown", "--format", f"json:{kept}/d.json"
    )
    assert (done.exit_code, done.output) == (0, markdown(SEEN))
    assert json.loads((kept / "d.json").read_text())["new"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (
            ("latest", "--diff", "previous", "latest"),
            "--diff compares two runs, and latest is a third; give it two",
        ),
        (("--diff", "previous", "none"), "there is no run 'none'; there are 2026"),
        (("--diff", "previous", "latest", "--format", "html"), "a difference has no format 'html'"),
        (
            ("--diff", "previous", "latest", "--format", "pdf"),
            "there is no format 'pdf'; there are terminal, m",
        ),
    ],
)
def test_wrong_pair_is_one_line_and_exit_code_two(kept: Path, arguments: tuple[str, ...], said: str) -> None:
    done = show(kept, *arguments)
    assert (done.exit_code, done.stdout, len(done.stderr.splitlines())) == (2, "", 1)
    assert done.stderr.startswith(f"Error: {said}")


def test_previous_is_the_run_before_the_latest(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no run 'previous'; flask lab run makes one"):
        store.load("previous", tmp_path)
    store.save(BEFORE, tmp_path)
    with pytest.raises(
        ConfigError, match=f"no run 'previous'; there is none before {BEFORE.id}; flask lab run"
    ):
        store.load("previous", tmp_path)
    store.save(replace(RUN, id="20261120-120000-0000"), tmp_path)
    store.save(AFTER, tmp_path)
    assert store.load("previous", tmp_path).id == BEFORE.id
