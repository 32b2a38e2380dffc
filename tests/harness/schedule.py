"""Parallel sessions: all tests of one server go to one xdist worker, which alone starts it.

xdist's own groups do this by changing node ids, which pytest 9.2 ignores (pytest-xdist issue 1386).
"""

from __future__ import annotations

import re

import pytest
from xdist.scheduler import LoadGroupScheduling  # type: ignore[import-untyped]  # xdist has no types

from flask_lab.backends import PRODUCTS


class PerServer(LoadGroupScheduling):  # type: ignore[misc]  # for the same reason
    """Tests with the same server among their parameters stay together; others go where there is time."""

    def _split_scope(self, nodeid: str) -> str:
        parameters = re.search(r"\[(.*)\]$", nodeid)
        for value in parameters[1].split("-") if parameters else ():
            if value in PRODUCTS and "server" in PRODUCTS[value].abilities:
                return value
        return str(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> PerServer | None:
    return PerServer(config, log) if config.getvalue("dist") in ("load", "loadgroup") else None
