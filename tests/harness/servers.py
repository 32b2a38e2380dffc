"""The servers of a test session: each started once, on first use or ahead of it, and all at once."""

from __future__ import annotations

import os
import threading
from concurrent.futures import Future
from contextlib import ExitStack

import pytest

from flask_lab.backends import PRODUCTS
from flask_lab.errors import BackendUnavailable
from flask_lab.sources import Server, open_server

THREAD = "server of "


def chosen() -> list[str]:
    """The backends whose tests are collected: LAB_ON, else all."""
    return _names("LAB_ON") or list(PRODUCTS)


def required(name: str) -> bool:
    """Whether LAB_REQUIRE makes it a failure that this backend cannot be reached."""
    return name in _names("LAB_REQUIRE")


def check_settings() -> None:
    """UsageError for a misspelt backend in LAB_ON or LAB_REQUIRE."""
    for variable in ("LAB_ON", "LAB_REQUIRE"):
        _names(variable)


def _names(variable: str) -> list[str]:
    """The backends that an environment variable lists, separated by spaces or commas."""
    names = os.environ.get(variable, "").replace(",", " ").split()
    if unknown := [name for name in names if name not in PRODUCTS]:
        raise pytest.UsageError(
            f"{variable} names {', '.join(unknown)}: the backends are {', '.join(PRODUCTS)}"
        )
    return names


class Servers:
    """Servers by backend. Each lives in a thread of its own, so that slow starts do not add up."""

    def __init__(self) -> None:
        self._futures: dict[str, Future[Server]] = {}
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()
        self._close = threading.Event()

    def start(self, name: str) -> Future[Server]:
        """Begin to start a backend's server, unless that was done before."""
        with self._lock:
            if name not in self._futures:
                self._futures[name] = Future()
                thread = threading.Thread(target=self._live, args=(name,), name=f"{THREAD}{name}")
                self._threads.append(thread)
                thread.start()
            return self._futures[name]

    def get(self, name: str) -> Server:
        """The running server; LabError when there is none to be had."""
        return self.start(name).result()

    def known(self, name: str) -> Server | BackendUnavailable | None:
        """What became of a backend so far, without waiting for it."""
        future = self._futures.get(name)
        if future is None or not future.done():
            return None
        error = future.exception()
        if error is None:
            return future.result()
        return error if isinstance(error, BackendUnavailable) else None

    def close(self) -> None:
        """End every server; returns when all are gone."""
        self._close.set()
        for thread in self._threads:
            thread.join()

    def _live(self, name: str) -> None:
        future = self._futures[name]
        with ExitStack() as stack:
            try:
                server = stack.enter_context(open_server(name))
            except BaseException as error:  # noqa: BLE001  (whatever it is, the waiting test must hear of it)
                future.set_exception(error)
                return
            future.set_result(server)
            self._close.wait()
