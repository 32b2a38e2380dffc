"""Sample rows for every table, wave after wave: each wave is one transaction, and refers to its own rows only.

So memory stays bounded, and a run that was interrupted leaves whole waves behind.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine import Connection, Engine

from .models import AuditEvent, Membership, Profile, Project, Role, Status, Tag, Task, Team, User
from .models.work import task_tags

Row = dict[str, Any]

WAVE = 5_000
# A fixed day, so that the same command gives the same rows whenever it runs.
START = date(2026, 1, 5)
MORNING = datetime(2026, 1, 5, 8, 0, tzinfo=UTC)

FIRST = ["ada", "ben", "carla", "dmitri", "elif", "farid", "grace", "hana", "ivan", "jun", "kemal", "lena"]
LAST = ["abel", "berg", "chen", "diaz", "evans", "fuchs", "garcia", "haas", "ito", "jansen", "khan", "meyer"]
TEAMS = ["Atlas", "Beacon", "Cedar", "Delta", "Ember", "Falcon", "Grove", "Harbor", "Indigo", "Juniper"]
GOALS = ["Billing", "Search", "Onboarding", "Reports", "Checkout", "Invoices", "Mobile", "Import", "Alerts"]
WORK = ["rewrite", "launch", "audit", "cleanup", "migration", "redesign", "rollout", "upgrade"]
VERBS = ["Check", "Draft", "Fix", "Measure", "Move", "Plan", "Remove", "Review", "Ship", "Split", "Test"]
THINGS = [
    "the export of open invoices",
    "retry of failed payments",
    "the onboarding mail",
    "search by postcode",
    "slow query on the start page",
    "access for auditors",
    "dark mode of the report",
    "naïve date handling in März",
    "the 日本語 address form",
    "emoji in team names 🦉",
    "backups of the archive",
    "the old settings table",
]
TAGS = ["api", "backend", "bug", "customer", "docs", "frontend"]
BIOS = [
    "Keeps the lights on.",
    "Asks why, twice.\nThen writes it down.",
    "Rennt, klettert, schläft selten. 🧗",
    None,
]


def add(engine: Engine, count: int) -> Iterator[dict[str, int]]:
    """Add `count` tasks and what belongs to them; yields the rows added per table after each wave."""
    with engine.connect().execution_options(sqlite_writes=True) as connection:
        while count > 0:
            with connection.begin():
                added = _add_wave(connection, min(count, WAVE))
            yield added
            count -= added["tasks"]


def _add_wave(connection: Connection, count: int) -> dict[str, int]:
    start = connection.scalar(sa.select(sa.func.max(User.id))) or 0
    chance = random.Random(f"lab {start}")  # noqa: S311  (sample rows guard nothing)
    users = _insert(connection, User, _users(chance, start, max(count // 10, 3)))
    teams = _insert(connection, Team, _teams(start, max(len(users) // 10, 1)))
    added = {"users": len(users), "teams": len(teams)}
    added["profiles"] = _write(connection, Profile, _profiles(chance, users))
    added["memberships"] = _write(connection, Membership, _memberships(chance, users, teams))
    projects = _insert(connection, Project, _projects(chance, teams, max(count // 20, 1)))
    added["projects"] = len(projects)
    tags = _insert(connection, Tag, [{"team_id": team, "name": name} for team in teams for name in TAGS])
    added["tags"] = len(tags)
    tasks = _insert(connection, Task, _tasks(chance, projects, users, count))
    added["tasks"] = len(tasks)
    # Projects go round the teams, and each team's tags follow each other.
    links = _links(chance, tasks, len(projects), len(teams), tags)
    added["task_tags"] = _write(connection, task_tags, links)
    added["audit_events"] = _write(connection, AuditEvent, _events(chance, tasks, users))
    return added


def _write(connection: Connection, table: Any, rows: list[Row]) -> int:
    if rows:
        connection.execute(sa.insert(table), rows)
    return len(rows)


def _insert(connection: Connection, model: Any, rows: list[Row]) -> list[int]:
    """Insert `rows` and return their keys in order; MySQL has no RETURNING."""
    before = connection.scalar(sa.select(sa.func.max(model.id))) or 0
    _write(connection, model, rows)
    return list(connection.scalars(sa.select(model.id).where(model.id > before).order_by(model.id)))


def _users(chance: random.Random, start: int, count: int) -> list[Row]:
    names = [f"{chance.choice(FIRST)}.{chance.choice(LAST)}.{start + 1 + i}" for i in range(count)]
    return [
        {"username": name, "email": f"{name}@example.com", "is_active": chance.random() < 0.9}
        for name in names
    ]


def _profiles(chance: random.Random, users: list[int]) -> list[Row]:
    return [
        {
            "user_id": user,
            "bio": chance.choice(BIOS),
            "preferences": {
                "theme": chance.choice(["light", "dark"]),
                "digest": chance.random() < 0.5,
                "size": user % 5,
            },
        }
        for user in users
        if chance.random() < 0.6
    ]


def _teams(start: int, count: int) -> list[Row]:
    return [
        {
            "name": f"{TEAMS[(start + i) % len(TEAMS)]} {start + 1 + i}",
            "created_at": MORNING + timedelta(hours=i),
        }
        for i in range(count)
    ]


def _memberships(chance: random.Random, users: list[int], teams: list[int]) -> list[Row]:
    rows = []
    for i, user in enumerate(users):
        own = {teams[i % len(teams)], chance.choice(teams)}
        for team in sorted(own):
            role = Role.OWNER if i < len(teams) else chance.choice([Role.MEMBER, Role.MEMBER, Role.VIEWER])
            joined = MORNING + timedelta(days=chance.randrange(200))
            rows.append({"team_id": team, "user_id": user, "role": role, "joined_at": joined})
    return rows


def _projects(chance: random.Random, teams: list[int], count: int) -> list[Row]:
    return [
        {
            "team_id": teams[i % len(teams)],
            "name": f"{chance.choice(GOALS)} {chance.choice(WORK)}",
            "status": chance.choice(list(Status)),
            "budget": Decimal(chance.randrange(0, 10_000_000)) / 100,
            "starts_on": START + timedelta(days=chance.randrange(300)) if chance.random() < 0.8 else None,
        }
        for i in range(count)
    ]


def _tasks(chance: random.Random, projects: list[int], users: list[int], count: int) -> list[Row]:
    rows = []
    for i in range(count):
        made = MORNING + timedelta(minutes=chance.randrange(400_000))
        rows.append(
            {
                "project_id": projects[i % len(projects)],
                "assignee_id": chance.choice(users) if chance.random() < 0.8 else None,
                "title": f"{chance.choice(VERBS)} {chance.choice(THINGS)}",
                "notes": "Found in the weekly review.\nSee the log." if chance.random() < 0.2 else None,
                "done": chance.random() < 0.5,
                "due_on": START + timedelta(days=chance.randrange(500)) if chance.random() < 0.7 else None,
                "created_at": made,
                "updated_at": made,
            }
        )
    return rows


def _links(chance: random.Random, tasks: list[int], projects: int, teams: int, tags: list[int]) -> list[Row]:
    per_team = len(tags) // teams
    rows = []
    for i, task in enumerate(tasks):
        first = (i % projects) % teams * per_team
        own = chance.sample(tags[first : first + per_team], chance.choice([0, 1, 1, 2]))
        rows += [{"task_id": task, "tag_id": tag} for tag in sorted(own)]
    return rows


def _events(chance: random.Random, tasks: list[int], users: list[int]) -> list[Row]:
    return [
        {
            "actor_id": chance.choice(users),
            "action": "created",
            "subject_type": "task",
            "subject_id": task,
            "detail": {"label": f"Sample task {task}"},
            "happened_at": MORNING + timedelta(minutes=i),
        }
        for i, task in enumerate(tasks)
        if i % 5 == 0
    ]
