"""What `make bench` measures on, and what it makes of the times."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory
from rich.console import Console

from tests.cost.limits import ALEMBIC, LAB, MRT, RAW, Line, Timing, compare, growth
from tests.cost.table import show
from tests.cost.tree import write_tree


@pytest.mark.parametrize("revisions", [1, 10, 11, 25])
def test_a_tree_is_one_line_of_so_many_revisions(tmp_path: Path, revisions: int) -> None:
    write_tree(tmp_path / "tree", revisions)
    config = Config(tmp_path / "tree" / "migrations" / "alembic.ini")
    config.set_main_option("script_location", str(tmp_path / "tree" / "migrations"))
    script = ScriptDirectory.from_config(config)
    assert len(list(script.walk_revisions())) == revisions
    assert script.get_heads() == [f"r{revisions:05}"]


def test_every_tenth_revision_makes_a_table(tmp_path: Path) -> None:
    write_tree(tmp_path / "tree", 21)
    texts = [
        each.read_text() for each in sorted((tmp_path / "tree" / "migrations" / "versions").glob("*.py"))
    ]
    assert ["op.create_table" in text for text in texts] == [number % 10 == 0 for number in range(21)]
    assert ["op.add_column" in text for text in texts] == [number % 10 != 0 for number in range(21)]


TIMINGS = {
    LAB: Timing((1.0, 2.0, 9.0), steps=500),
    RAW: Timing((1.0,), steps=400),
    ALEMBIC: Timing((10.0,)),
    MRT: Timing((1.0,)),
}


def by_name(backend: str) -> dict[str, Line]:
    return {line.what: line for line in compare(backend, 100, TIMINGS)}


def test_the_lab_is_compared_by_its_median() -> None:
    assert by_name("sqlite")[ALEMBIC].ratio == pytest.approx(0.2)
    assert by_name("sqlite")[LAB].told == "2.00 (1.00 to 9.00)"


def test_raw_sql_is_compared_per_step() -> None:
    assert by_name("postgres")[RAW].ratio == pytest.approx(2 / 500 * 400)


def test_limits_are_those_of_the_backend() -> None:
    assert [by_name(each)[ALEMBIC].most for each in ("sqlite", "postgres:17", "mysql", "mariadb")] == [
        0.25,
        0.25,
        1.0,
        None,
    ]
    assert [by_name(each)[RAW].most for each in ("sqlite", "postgres", "mysql:9", "mariadb")] == [
        None,
        2.5,
        1.3,
        2.5,
    ]
    assert [by_name(each)[MRT].most for each in ("sqlite", "postgres", "mysql")] == [1.0, 1.0, None]


def test_a_limit_is_held_or_broken_or_not_there() -> None:
    found = by_name("sqlite")
    assert [found[each].held for each in (ALEMBIC, MRT, RAW)] == [True, False, None]


def test_who_is_ended_early_counts_with_what_it_took_so_far() -> None:
    ended = dict(TIMINGS) | {MRT: Timing((60.0,), stopped=True)}
    line = next(each for each in compare("sqlite", 100, ended) if each.what == MRT)
    assert (line.told, line.held) == ("over 60", True)


def test_who_is_ended_too_early_tells_nothing() -> None:
    ended = dict(TIMINGS) | {MRT: Timing((0.5,), stopped=True)}
    line = next(each for each in compare("sqlite", 100, ended) if each.what == MRT)
    assert line.held is None


def test_growth_is_that_of_the_tree_and_a_fifth() -> None:
    slow = growth("sqlite", "lab run", {100: Timing((1.0,)), 1000: Timing((12.5,))})
    assert (slow.most, slow.held) == (12.0, False)
    assert growth("sqlite", "lab run", {100: Timing((1.0,)), 1000: Timing((11.5,))}).held is True


def test_the_table_says_what_was_left_out() -> None:
    text = io.StringIO()
    lines = list(compare("sqlite", 100, TIMINGS))
    show(lines, {"mysql": "no server for mysql"}, 1.25, Console(file=text, width=100))
    printed = text.getvalue()
    assert "✗ broken" in printed
    assert "left out: mysql: no server for mysql" in printed
    assert "load in the last 15 minutes was 1.2" in printed
