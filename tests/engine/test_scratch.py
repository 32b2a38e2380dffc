"""A scratch database leaves nothing behind when it is dropped."""

from __future__ import annotations

from pathlib import Path

from flask_lab.sources import open_server


def test_a_dropped_sqlite_database_takes_the_files_beside_it_along() -> None:
    with open_server("sqlite") as server:
        first, second = server.create(), server.create()
        path = Path(str(first.database))
        for end in ("-journal", "-wal", ".lock"):
            path.with_name(path.name + end).touch()
        server.drop(first)
        assert [each.name for each in path.parent.iterdir() if each.name.startswith(path.name)] == []
        assert Path(str(second.database)).exists()
        server.drop(second)
