"""A clone has the schema, rows and counters of its database, and is another one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy import URL
from sqlalchemy.pool import NullPool

from flask_lab.rows import Kind, load, read_back, read_shapes
from flask_lab.schema import differences, digest, read_schema
from tests.engine.test_schema import read_cases, run
from tests.harness.plugin import ReadyBackend

MORE = {
    "sqlite": [
        "CREATE TABLE notes (id INTEGER PRIMARY KEY AUTOINCREMENT, t TEXT)",
        "INSERT INTO notes (t) VALUES ('x')",
    ],
    "postgres": ["CREATE TABLE notes (id serial PRIMARY KEY, t text)", "INSERT INTO notes (t) VALUES ('x')"],
    "mysql": [
        "CREATE TABLE notes (id int AUTO_INCREMENT PRIMARY KEY, t text)",
        "INSERT INTO notes (t) VALUES ('50% of \\'x\\'')",
        # The first in the alphabet needs the last.
        "CREATE VIEW all_of_them AS SELECT * FROM zz",
    ],
}
MORE["mysql"].insert(2, "CREATE VIEW zz AS SELECT id FROM notes")
MORE["mariadb"] = [*MORE["mysql"], "SELECT NEXTVAL(ticket)"]


def engine_of(url: URL) -> sa.Engine:
    return sa.create_engine(url, poolclass=NullPool)


@pytest.fixture
def filled(backend: ReadyBackend) -> Iterator[URL]:
    """A database with a part of every kind, rows in its tables, and numbers given away."""
    with backend.server.scratch() as url:
        setup, _ = read_cases(backend.name)
        with engine_of(url).connect() as connection:
            run(connection, setup)
            run(connection, MORE[backend.name])
            assert load(connection, Kind.ORDINARY).tables
            connection.commit()
            connection.execute(sa.text("DELETE FROM notes"))
            connection.commit()
        yield url


def content(url: URL) -> tuple[Any, dict[str, Any]]:
    with engine_of(url).connect() as connection:
        shapes = read_shapes(connection)
        return digest(connection), {name: rows.rows for name, rows in read_back(connection, shapes).items()}


def test_clone_has_the_same_schema_and_rows(backend: ReadyBackend, filled: URL) -> None:
    copy = backend.server.clone(filled)
    try:
        assert copy.database != filled.database
        with engine_of(filled).connect() as old, engine_of(copy).connect() as new:
            assert [str(each) for each in differences(read_schema(old), read_schema(new))] == []
        assert content(copy) == content(filled)
    finally:
        backend.server.drop(copy)


def test_clone_goes_on_counting_by_itself(backend: ReadyBackend, filled: URL) -> None:
    copy = backend.server.clone(filled)
    before = content(filled)
    try:
        with engine_of(copy).begin() as connection:
            connection.execute(sa.text("INSERT INTO notes (t) VALUES ('new')"))
            top = connection.execute(sa.text("SELECT max(id) FROM notes")).scalar_one()
            if backend.name == "mariadb":
                assert connection.execute(sa.text("SELECT NEXTVAL(ticket)")).scalar_one() > 1
            if "mysql" in backend.product.dialects:
                assert list(connection.execute(sa.text("SELECT id FROM all_of_them")).scalars()) == [top]
        assert content(filled) == before
        with engine_of(filled).begin() as connection:
            connection.execute(sa.text("INSERT INTO notes (t) VALUES ('new')"))
            assert connection.execute(sa.text("SELECT max(id) FROM notes")).scalar_one() == top > 1
    finally:
        backend.server.drop(copy)
