"""Waits until the app's own databases answer. Nothing else in the lab connects to them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from flask_lab.errors import BackendUnavailable
from flask_lab.sources.base import driver_reason

POLL = 0.25


def wait_for(engines: Iterable[Engine], seconds: float, tell: Callable[[str], None]) -> None:
    """Connect to each, again and again, for so many seconds in all; BackendUnavailable tells why in vain.

    `tell` hears, once for each database, why it does not answer yet.
    """
    deadline = time.monotonic() + seconds
    for engine in engines:
        _wait(engine, deadline, seconds, tell)


def _wait(engine: Engine, deadline: float, seconds: float, tell: Callable[[str], None]) -> None:
    where = engine.url.render_as_string(hide_password=True)
    told = False
    while True:
        try:
            with engine.connect():
                return
        except DBAPIError as error:
            reason = driver_reason(error, engine.url)
            if time.monotonic() >= deadline:
                raise BackendUnavailable(
                    f"{where} does not answer within {seconds:g} s: {reason}",
                    "is the server up, and the URL right?",
                ) from error
        if not told:
            tell(f"waiting for {where}: {reason}")
            told = True
        time.sleep(min(POLL, max(0.0, deadline - time.monotonic())))
