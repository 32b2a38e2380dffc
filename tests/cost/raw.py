"""The floor: the very statements of the tree in the current folder, sent through the driver with a commit per step.

    python -m tests.cost.raw BACKEND

Prints how long it took, and how many steps there were. They are those of `stairway`: each revision up, down and up,
then all up and all down.
"""

from __future__ import annotations

import importlib
import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flask_migrate
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.pool import NullPool

from flask_lab.sources import Server, open_server

READS = ("SELECT", "SHOW", "DESCRIBE", "PRAGMA")
VERSION = "alembic_version"

Steps = list[list[str]]


def main() -> None:
    with open_server(sys.argv[1]) as server:
        making, up, down = record(server)
        begun = time.perf_counter()
        steps = 0
        paths: tuple[Steps, Steps] = (
            [each for pair in zip(up, down, strict=True) for each in (*pair, pair[0])],
            [*up, *reversed(down)],
        )
        for path in paths:
            steps += len(path)
            begun += replay(server, making, path)
        seconds = time.perf_counter() - begun
    print(json.dumps({"seconds": seconds, "steps": steps}))


def record(server: Server) -> tuple[list[str], Steps, Steps]:
    """What makes the version table, and what each revision sends on its way up and on its way down."""
    sys.path.insert(0, str(Path.cwd()))
    with server.scratch() as url:
        project: Any = importlib.import_module("linear")
        app = project.create_app(url.render_as_string(hide_password=False))
        with app.app_context():
            up = heard(project.db.engine, flask_migrate.upgrade)
            down = heard(project.db.engine, lambda: flask_migrate.downgrade(revision="base"))
            project.db.engine.dispose()
    making, up[0] = up[0][:1], up[0][1:]
    return making, up, list(reversed(down))


def heard(engine: Engine, run: Callable[[], None]) -> Steps:
    """The statements that change something while `run` runs, by step: each ends with the version's."""
    steps: Steps = [[]]

    def hear(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if not statement.lstrip().startswith(READS):
            steps[-1].append(statement)
            if VERSION in statement and "CREATE TABLE" not in statement:
                steps.append([])

    event.listen(engine, "before_cursor_execute", hear)
    try:
        run()
    finally:
        event.remove(engine, "before_cursor_execute", hear)
    return steps[:-1]


def replay(server: Server, making: list[str], steps: Steps) -> float:
    """Send all that to a new database; the seconds that go to making and leaving it."""
    begun = time.perf_counter()
    with server.scratch() as url:
        connection: Any = create_engine(url, poolclass=NullPool).raw_connection()
        cursor = connection.cursor()
        for statement in making:
            cursor.execute(statement)
        connection.commit()
        aside = time.perf_counter() - begun
        for step in steps:
            for statement in step:
                cursor.execute(statement)
                if cursor.description:
                    # SQLite commits nothing while an INSERT has something to give back.
                    cursor.fetchall()
            connection.commit()
        begun = time.perf_counter()
        connection.close()
    return aside + time.perf_counter() - begun


if __name__ == "__main__":
    main()
