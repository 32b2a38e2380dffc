"""A pytest plugin for the peers: the app in the current folder on a new, empty database for each test.

How long each test took by itself goes to the file that COST_TIMES names.
"""

from __future__ import annotations

import importlib
import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Engine

from flask_lab.sources import Server, open_server


class Clock:
    """Notes how each test went, and how long it took without its fixtures."""

    def __init__(self) -> None:
        self.times: dict[str, tuple[str, float]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call" or report.outcome != "passed":
            self.times[report.nodeid.rpartition("::")[2]] = report.outcome, report.duration

    def pytest_unconfigure(self) -> None:
        Path(os.environ["COST_TIMES"]).write_text(json.dumps(self.times))


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Clock())


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    with open_server(os.environ["COST_BACKEND"]) as server:
        yield server


@pytest.fixture(autouse=True)
def engine(server: Server) -> Iterator[Engine]:
    """The app's own engine, while the app's context is on."""
    with server.scratch() as url:
        os.environ["DATABASE_URL"] = url.render_as_string(hide_password=False)
        project = importlib.import_module("linear")
        with project.create_app().app_context():
            yield project.db.engine
            project.db.engine.dispose()
