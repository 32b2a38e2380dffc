"""What became of rows, told once for the databases on which it is the same."""

from __future__ import annotations

from flask_lab.reports.fates import fates
from flask_lab.results import Cell, Verdict

LOST = {"table": "users", "rows": 2, "of": 3, "gone": [{"id": 1}, {"id": 2}], "statements": []}
CHANGED = {
    "table": "users",
    "column": "name",
    "rows": 1,
    "of": 3,
    "examples": [{"before": {"id": 1, "name": "Ann"}, "after": {"id": 1, "name": "A"}}],
}
INVENTED = {"table": "users", "column": "phone", "rows": 3, "value": "''"}


def cell(backend: str, **kinds: dict[str, object]) -> Cell:
    return Cell("data", backend, "0002", Verdict.FAILED, facts=kinds)


def test_the_same_on_two_databases_is_told_once() -> None:
    (found,) = fates([cell("sqlite", ordinary={"lost": [LOST]}), cell("mysql", ordinary={"lost": [LOST]})])
    assert (found.place, found.rows, found.what, found.backends) == (
        "users",
        "2 of 3",
        "gone after the upgrade",
        ("sqlite", "mysql"),
    )
    assert found.pairs == [("id = 1", "nothing"), ("id = 2", "nothing")]


def test_hostile_rows_are_told_where_ordinary_ones_show_nothing() -> None:
    found = fates([cell("mysql", ordinary={"lost": [LOST]}, hostile={"lost": [LOST], "changed": [CHANGED]})])
    assert [(each.what, each.kind) for each in found] == [
        ("gone after the upgrade", "ordinary"),
        ("changed by the upgrade", "hostile"),
    ]
    assert found[1].pairs == [("id = 1, name = 'Ann'", "id = 1, name = 'A'")]


def test_what_the_server_invents_was_nothing_before() -> None:
    (found,) = fates([cell("mysql", ordinary={"invented": [INVENTED]})])
    assert (found.place, found.rows, found.pairs) == ("users.phone", "3", [("nothing", "phone = ''")])


def test_facts_without_rows_tell_nothing() -> None:
    assert fates([cell("mysql"), Cell("stairway", "mysql", "0002", Verdict.PASSED)]) == []
