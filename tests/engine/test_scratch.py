"""A scratch database leaves nothing behind when it is dropped, and goes whoever is in it."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest
from sqlalchemy.exc import DBAPIError

from flask_lab.sources import open_server
from flask_lab.sources.base import connect
from tests.harness.plugin import ReadyBackend

SLEEP = {"postgres": "pg_sleep(60)", "mysql": "SLEEP(60)", "mariadb": "SLEEP(60)"}
# An emoji, and characters of two bytes, in the middle of one of which a list of sessions may cut what it shows.
SAID = ("😀 " + "é" * 100, "😀  " + "é" * 100)


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


@pytest.mark.needs("server")
@pytest.mark.parametrize("said", SAID)
def test_a_database_is_dropped_whatever_is_said_in_it(backend: ReadyBackend, said: str) -> None:
    server = backend.server
    url = server.create()
    ended = []

    def talk() -> None:
        with connect(url) as connection:
            try:
                connection.exec_driver_sql(f"SELECT '{said}', {SLEEP[backend.name]}")
            except DBAPIError as error:
                ended.append(error)

    talker = threading.Thread(target=talk)
    talker.start()
    while not server.sessions(url, patience=0):
        time.sleep(0.01)
    # By now it says what it has to say.
    time.sleep(0.5)
    assert server.sessions(url, patience=0) == 1
    server.drop(url)
    talker.join(timeout=10)
    assert not talker.is_alive()
    assert ended
