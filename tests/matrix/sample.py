"""Rows of real shape for every table at every revision: each row gives what its table has columns for."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Engine

HARD = 'O\'Brien \\ "quoted" 100% :name 日本 👩‍🚀 \u202e\ttab'
LONG_AGO = datetime(1970, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
FAR_OFF = datetime(2199, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)

ROWS: dict[str, list[dict[str, Any]]] = {
    "users": [
        {"id": 1, "username": "ann", "email": "ann@example.org", "bio": HARD, "is_active": True},
        {"id": 2, "username": "Ann", "email": "Ann@example.org", "bio": None, "is_active": False},
        {"id": 3, "username": "änn", "email": "x" * 242 + "@example.org", "bio": "", "is_active": True},
        {
            "id": 2**31 - 1,
            "username": "u" * 64,
            "email": "last@example.org",
            "bio": "b" * 5000,
            "is_active": True,
        },
    ],
    "teams": [
        {"id": 1, "name": "Ops", "created_at": LONG_AGO},
        {"id": 2, "name": "ops", "created_at": FAR_OFF},
        {"id": 3, "name": HARD, "created_at": LONG_AGO},
        {"id": 4, "name": "t" * 80, "created_at": LONG_AGO},
    ],
    "memberships": [
        {"team_id": 1, "user_id": 1, "role": "owner", "joined_at": LONG_AGO},
        {"team_id": 1, "user_id": 2, "role": "member", "joined_at": FAR_OFF},
        {"team_id": 3, "user_id": 1, "role": "member", "joined_at": LONG_AGO},
    ],
    "projects": [
        {"id": 1, "team_id": 1, "code": "P-1", "title": HARD, "name": HARD, "status": "active"}
        | {"budget": Decimal("9999999999.99"), "starts_on": date(1000, 1, 1)},
        {"id": 2, "team_id": 1, "code": None, "title": "", "name": "", "status": "done"}
        | {"budget": Decimal("0.01"), "starts_on": None},
        {"id": 3, "team_id": 3, "code": "ä" * 20, "title": "p" * 120, "name": "p" * 120, "status": "planned"}
        | {"budget": Decimal("0.00"), "starts_on": date(9999, 12, 31)},
    ],
    "tasks": [
        {"id": 1, "project_id": 1, "assignee_id": 1, "title": HARD, "notes": HARD * 40, "done": False}
        | {"due_on": date(2024, 2, 29), "created_at": LONG_AGO, "updated_at": LONG_AGO},
        {"id": 2, "project_id": 1, "assignee_id": None, "title": "t" * 100, "notes": None, "done": True}
        | {"due_on": None, "created_at": FAR_OFF, "updated_at": FAR_OFF},
        {"id": 2**53, "project_id": 3, "assignee_id": 2, "title": "", "notes": "", "done": False}
        | {"due_on": date(1000, 1, 1), "created_at": FAR_OFF, "updated_at": FAR_OFF},
    ],
    "tags": [
        {"id": 1, "team_id": 1, "name": "urgent"},
        {"id": 2, "team_id": 1, "name": "Urgent"},
        {"id": 3, "team_id": 3, "name": "urgent"},
    ],
    "task_tags": [{"task_id": 1, "tag_id": 1}, {"task_id": 1, "tag_id": 2}, {"task_id": 2**53, "tag_id": 3}],
    "audit_events": [
        {"id": 1, "actor_id": 1, "action": "create", "subject_type": "task", "subject_id": 2**53}
        | {
            "detail": {"title": [None, HARD], "nested": {"list": [1, 2.5, True, None, []]}},
            "happened_at": LONG_AGO,
        },
        {"id": 2**40, "actor_id": None, "action": "delete", "subject_type": "user", "subject_id": -1}
        | {"detail": {}, "happened_at": FAR_OFF},
    ],
    "profiles": [
        {"user_id": 1, "bio": HARD, "preferences": {"theme": "dark", "é": [1]}},
        {"user_id": 2, "bio": None, "preferences": None},
    ],
}


def fill(engine: Engine, *extra: tuple[str, dict[str, Any]]) -> None:
    """Replace all rows by the sample ones, and `extra` rows given as `(table, row)`."""
    metadata = sa.MetaData()
    metadata.reflect(engine)
    with engine.begin() as connection:
        for table in reversed(metadata.sorted_tables):
            if table.name != "alembic_version":
                connection.execute(sa.delete(table))
        for table in metadata.sorted_tables:
            for row in [*ROWS.get(table.name, []), *(row for name, row in extra if name == table.name)]:
                known = {
                    key: _plain(value, table.columns[key], engine)
                    for key, value in row.items()
                    if key in table.c
                }
                connection.execute(sa.insert(table).values(known))


def _plain(value: Any, column: sa.Column[Any], engine: Engine) -> Any:
    """Reflected columns lack the app's types: only PostgreSQL's take a time zone, and MariaDB's JSON is text."""
    if isinstance(value, datetime) and engine.dialect.name != "postgresql":
        return value.replace(tzinfo=None)
    if isinstance(value, dict) and not isinstance(column.type, sa.JSON):
        return json.dumps(value)
    return value
