"""The plots that `show` draws on a terminal: whole, for a small run that has all of them; and none for one without."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner
from rich.console import Console

from flask_lab import store
from flask_lab.cli import lab
from flask_lab.reports import plotted, terminal
from flask_lab.reports.plotted import Sparkline, narrowed, plots
from flask_lab.results import Cell, Run, Verdict
from tests.unit.big_run import RACE, big_run, name, traffic
from tests.unit.sample_run import RUN

SMALL = replace(
    big_run(3),
    cells=(
        *(
            Cell("stairway", "mysql", name(number), Verdict.PASSED, facts={"upgrade": {"seconds": seconds}})
            for number, seconds in ((1, 0.02), (3, 0.1))
        ),
        Cell("stairway", "mysql", None, Verdict.PASSED, facts={"upgrade": {"seconds": 9.0}}),
        Cell(
            "traffic",
            "mysql",
            name(2),
            Verdict.FAILED,
            facts=traffic("mysql", ["ALTER TABLE users", "INDEX"]),
        ),
        Cell(
            "traffic",
            "mysql",
            name(1),
            Verdict.PASSED,
            facts={"idle": "it works on no table", "rows": 100_000},
        ),
        Cell("race", "mysql", None, Verdict.FAILED, facts=RACE),
    ),
    findings=(),
)
DRAWN = """\

Upgrades of an empty database, in the order of the tree; each line by its longest
  mysql  ▂ █  0003_phone 100 ms, 0001_phone 20 ms

Upgrades over 100,000 rows, in the order of the tree; each line by its longest
  mysql   █   0002_phone 1.0 s

Longest waits, over the budget; and when, from the beginning of the revision to its end
  mysql 0002_phone  ━━━━━━━━━━━━━━━━  writes 480 ms (users, 400 ms allowed)  █▇▆▅▄▃▂▁▁▁▁▁▁▁▁▁

Growth with the rows of a table
  mysql 0002_phone  ▁▃█  80 ms to 1.0 s over 6,250 to 100,000 rows, as rows^0.92 (± 0.05); 38.0 s
                         (30.0 s to 47.0 s) expected over 5,000,000

Races, and how many of their processes succeeded
  mysql  from nothing  ━━━━━━━━          1 succeeded, 1 failed"""


def drawn(run: Run, encoding: str = "utf-8") -> str:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="replace")
    console = Console(file=stream, width=100, no_color=True, force_terminal=False)
    for each in plots(run):
        console.print(each)
    stream.seek(0)
    return "\n".join(line.rstrip() for line in stream.read().splitlines()).rstrip()


def test_plots_are_of_what_the_run_holds() -> None:
    assert drawn(SMALL) == DRAWN


def test_plots_are_digits_and_dashes_where_there_is_only_ascii() -> None:
    text = drawn(SMALL, "ascii")
    assert "  mysql  2 8  0003_phone 100 ms" in text
    assert f"  mysql 0002_phone  {'-' * 16}  writes 480 ms" in text
    assert "8765432111111111" in text


def test_run_without_such_facts_is_reported_as_ever() -> None:
    assert plotted.render(RUN) == terminal.render(RUN)


def test_plots_stand_before_the_last_line_and_fit() -> None:
    for run in (SMALL, big_run(200)):
        text = plotted.render(run)
        assert max(map(len, text.splitlines())) <= 100
        assert text.splitlines()[-1] == terminal.render(run).splitlines()[-1]
    assert " and 790 more: flask lab show --format html:lab.html" in text


def test_waits_within_their_budget_are_shown_when_there_are_no_others() -> None:
    wide = {**traffic("mysql", ["A", "B"]), "budget": {"reads": 1000.0, "writes": 1000.0}}
    cells = [replace(each, facts=wide) if each.experiment == "traffic" else each for each in SMALL.cells]
    text = drawn(replace(SMALL, cells=tuple(cells)))
    assert "Longest waits, none over its budget; and when, " in text
    assert "writes 480 ms (users)  █▇" in text


def test_upgrade_over_fewer_rows_than_the_others_says_so() -> None:
    few = {**traffic("mysql", ["A", "B"]), "rows": 79, "seconds": 9.1}
    cells = [*SMALL.cells, Cell("traffic", "sqlite", name(3), Verdict.PASSED, facts=few)]
    cells.append(replace(SMALL.cells[3], revision=name(1)))
    text = drawn(replace(SMALL, cells=tuple(cells)))
    assert "Upgrades over 100,000 rows, in the order of the tree" in text
    assert "0003_phone 9.1 s over 79 rows" in text


@pytest.mark.parametrize(
    ("values", "line"),
    [([0.0, 1.0, 8.0], "▁▂█"), ([0.0, 0.0], "▁▁"), ([None, 3.0], " █"), ([], ""), ([None], " ")],
)
def test_sparkline_is_as_high_as_its_share_of_the_largest(values: list[float | None], line: str) -> None:
    stream = io.StringIO()
    Console(file=stream, width=20).print(Sparkline(values))
    assert stream.getvalue().rstrip("\n") == line


def test_long_tree_is_narrowed_to_its_largest() -> None:
    assert narrowed([1.0, 5.0, None, 2.0], 2) == [5.0, 2.0]
    assert narrowed([None, None, 1.0, 2.0], 2) == [None, 2.0]
    assert len(narrowed([1.0] * 1000)) == 40


def test_show_draws_them_and_an_ascii_terminal_gets_them_too(tmp_path: Path) -> None:
    store.save(SMALL, tmp_path)
    for charset, sign in (("utf-8", "▂ █"), ("ascii", "2 8")):
        done = CliRunner(charset=charset).invoke(lab, ["show"], env={"LAB_STORE": str(tmp_path)})
        assert (done.exit_code, done.exception) == (0, None)
        assert f"  mysql  {sign}  0003_phone 100 ms" in done.output
