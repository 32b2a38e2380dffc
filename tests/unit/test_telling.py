"""Which rows are shown first of a step that failed over them."""

from __future__ import annotations

from typing import Any

import pytest

from flask_lab.experiments.data.telling import telling

LONG: dict[str, Any] = {"id": 1, "name": "W" * 40, "state": "a"}
EMPTY: dict[str, Any] = {"id": 2, "name": None, "state": "b"}
TWICE: dict[str, Any] = {"id": 3, "name": "Name 1", "state": "c"}
AGAIN: dict[str, Any] = {"id": 4, "name": "Name 1", "state": "d"}


@pytest.mark.parametrize(
    ("message", "first"),
    [
        ("could not create unique index Key (name)=(Name 1) is duplicated.", TWICE),
        ("UNIQUE constraint failed: users.name", TWICE),
        ("NOT NULL constraint failed: _alembic_tmp_users.name", EMPTY),
        ("AttributeError: 'NoneType' object has no attribute 'encode'", EMPTY),
        ("(1265, \"Data truncated for column 'name' at row 2\")", EMPTY),
        ("disk on fire", LONG),
    ],
)
def test_the_row_that_tells_most_is_first(message: str, first: dict[str, Any]) -> None:
    assert telling([LONG, EMPTY, TWICE, AGAIN], message)[0] == first


def test_what_tells_nothing_stays_in_order() -> None:
    rows = [LONG, EMPTY, TWICE, AGAIN]
    assert telling(rows, "value too long") == rows
    # Equal values of another column than the one that is to be unique.
    same: list[dict[str, Any]] = [
        LONG,
        {"id": 5, "name": "x", "state": "e"},
        {"id": 6, "name": "y", "state": "e"},
    ]
    assert telling(same, "UNIQUE constraint failed: users.name") == same
