"""Whether a value is still what it was, and what a comparison of rows says of those that are not."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from flask_lab.rows import Change, Renames, TableRows, compare
from flask_lab.rows.comparison import same

NOON = datetime(2024, 5, 6, 12, 0, tzinfo=UTC)
SAME: list[tuple[Any, Any]] = [
    (1, True),
    (7, "7"),
    (7, Decimal("7.00")),
    (Decimal("1.20"), Decimal("1.2")),
    (Decimal("1.25"), 1.25),
    (0.1, 0.10000000149011612),  # single precision, made double
    ("2024-05-06 12:00:00", "2024-05-06 12:00:00.000000"),
    ("2024-05-06 12:00:00.000000", NOON.replace(tzinfo=None)),
    (NOON.replace(tzinfo=None), NOON),
    (NOON, NOON.astimezone(None)),
    (date(2024, 5, 6), datetime(2024, 5, 6, tzinfo=UTC)),
    (time(1, 30), timedelta(minutes=90)),
    ('{"a": 1, "b": [1, 2]}', {"b": [1, 2], "a": 1}),
    ('{"a": 1, "b": 2}', '{"b": 2, "a": 1}'),
    (b"text", "text"),
    ("7e32c080-d69d-5549-9519-000000000001", UUID("7e32c080-d69d-5549-9519-000000000001")),
    (None, None),
]
OTHER: list[tuple[Any, Any]] = [
    (None, ""),
    ("", None),
    (None, 0),
    ("007", 7),
    ("1.10", "1.1"),
    ("12 apples", 12),
    (Decimal("1.2345"), Decimal("1.23")),
    (Decimal("12345678.12"), 12345678.0),
    (12345678.12, 12345678.0),
    ("2024-05-06 07:08:09", 2024),
    (datetime(2024, 5, 6, 12, tzinfo=UTC), date(2024, 5, 6)),
    (datetime(2024, 5, 6, 12, 0, 0, 500000, tzinfo=UTC), datetime(2024, 5, 6, 12, tzinfo=UTC)),
    ("Ann", "ann"),
    ("Ann", "Ann "),
    ("[1, 2]", "[2, 1]"),
    (True, "False"),
]


@pytest.mark.parametrize(("before", "after"), SAME)
def test_another_spelling_is_the_same_value(before: Any, after: Any) -> None:
    assert same(before, after)


@pytest.mark.parametrize(("before", "after"), OTHER)
def test_another_value_is_not_the_same(before: Any, after: Any) -> None:
    assert not same(before, after)


def rows(*found: dict[str, Any], key: tuple[str, ...] = ("id",)) -> TableRows:
    return TableRows(key, found)


def test_a_row_that_is_gone_and_a_value_that_is_another_are_told_with_both_rows() -> None:
    before = {"users": rows({"id": 1, "name": "ann"}, {"id": 2, "name": "bob"}, {"id": 3, "name": "eve"})}
    after = {"users": rows({"id": 1, "name": "ann"}, {"id": 2, "name": "BOB"}, {"id": 4, "name": "new"})}
    assert compare(before, after) == [
        Change("users", "name", {"id": 2, "name": "bob"}, {"id": 2, "name": "BOB"}),
        Change("users", None, {"id": 3, "name": "eve"}, None),
    ]


def test_what_did_not_survive_is_not_compared() -> None:
    before = {"users": rows({"id": 1, "name": "ann", "phone": "1"}), "old": rows({"id": 1})}
    after = {"users": rows({"id": 1, "name": "ann", "mail": "a@b"})}
    assert compare(before, after) == []


def test_renamed_tables_and_columns_are_followed() -> None:
    before = {"users": rows({"id": 1, "name": "ann"})}
    after = {"people": rows({"number": 1, "full_name": "Ann"}, key=("number",))}
    names = {("users", "id"): "number", ("users", "name"): "full_name"}
    assert compare(before, after, Renames({"users": "people"}, names)) == [
        Change("users", "name", {"id": 1, "name": "ann"}, {"number": 1, "full_name": "Ann"})
    ]


def test_a_table_replaced_under_its_old_name_is_found_there() -> None:
    before = {"users": rows({"id": 1, "name": "ann"})}
    assert compare(before, {"users": rows({"id": 1, "name": "ann"})}, Renames({"users": "users_old"})) == []


def test_a_key_of_another_type_finds_its_row() -> None:
    before = {"users": rows({"id": 1, "name": "ann"})}
    assert compare(before, {"users": rows({"id": "1", "name": "ann"})}) == []


def test_rows_with_new_keys_or_without_any_are_paired_by_what_is_in_them() -> None:
    before = {"users": rows({"id": 1, "name": "ann"}, {"id": 2, "name": "bob"})}
    assert compare(before, {"users": rows({"id": 11, "name": "bob"}, {"id": 12, "name": "ann"})}) == []
    twice = rows({"word": "a"}, {"word": "a"}, key=())
    assert compare({"words": twice}, {"words": rows({"word": "a"}, key=())}) == [
        Change("words", None, {"word": "a"}, None)
    ]


def test_other_rows_are_not_taken_for_changed_ones() -> None:
    before = {"users": rows({"id": 1, "name": "ann"}, {"id": 2, "name": "bob"})}
    gone = compare(before, {"users": rows({"id": 7, "name": "new"})})
    assert [(change.column, change.after) for change in gone] == [(None, None), (None, None)]
    changed = compare(before, {"users": rows({"id": 11, "name": "ann"}, {"id": 12, "name": "BOB"})})
    assert [change.column for change in changed] == ["name"]


def test_a_table_without_rows_has_lost_them_all() -> None:
    before = {"users": rows({"id": 1}, {"id": 2})}
    assert [change.before["id"] for change in compare(before, {"users": rows()})] == [1, 2]
