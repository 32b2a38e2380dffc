"""The fixtures that every backend's tests stand on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import create_engine, inspect, text
from sqlalchemy.pool import NullPool

if TYPE_CHECKING:
    from tests.harness.plugin import ReadyBackend


def test_database_is_empty_and_takes_any_character(database: str) -> None:
    engine = create_engine(database, poolclass=NullPool)
    assert inspect(engine).get_table_names() == []
    with engine.begin() as connection:
        connection.execute(text("CREATE TABLE words (word varchar(20))"))
        connection.execute(text("INSERT INTO words VALUES (:word)"), {"word": "naïve 🧪"})
        assert connection.execute(text("SELECT word FROM words")).scalar_one() == "naïve 🧪"


def test_databases_are_apart(backend: ReadyBackend, database: str) -> None:
    with backend.server.scratch() as other:
        assert other.render_as_string(hide_password=False) != database
