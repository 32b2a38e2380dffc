"""The process beside a migration. Takes a command per line from its parent, answers each, and ends with it.

{"do": "start", "product", "url", "tables", "rate"}; {"do": "settle", "seconds", "calm", "patience"};
{"do": "watch", "session"}; {"do": "block", "tables", "seconds"};
{"do": "stop", "begin", "end"}. Times are those of time.monotonic(), which all processes of a machine share.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from typing import Any

from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from flask_lab.backends import PRODUCTS
from flask_lab.backends.watching import Watching
from flask_lab.traffic.streams import Blocker, Errand, Observer, Stream, Visitor

PATIENCE = 60.0
"""Seconds for a stream to be ready."""
END = 600.0
"""Seconds for an operation to come to its end, which waits for nobody any more."""


class Streams:
    """All that goes on at present."""

    def __init__(self) -> None:
        self.running: list[Stream] = []
        self.since = 0.0
        """From when on what they wait is what they wait without a migration."""
        self.watching: Watching
        self.engine: Engine

    def start(self, product: str, url: str, tables: list[str], rate: float) -> dict[str, Any]:
        """Begin to read and write, `rate` times a second for each table and each of both."""
        self.watching = PRODUCTS[product].watching
        # Nothing here may wait inside a driver, where nobody could count it.
        arguments = {"timeout": 0} if product == "sqlite" else {}
        self.engine = create_engine(
            url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=arguments
        )
        kinds = [(table, kind) for table in tables for kind in ("reads", "writes")]
        for place, (table, kind) in enumerate(kinds):
            offset = place / len(kinds) / rate
            self._add(Visitor(self.engine, self.watching, Errand(table, kind, rate, offset)))
        with self.engine.connect() as connection:
            return {"blind": self.watching.blind(connection)}

    def settle(self, seconds: float, calm: float, patience: float) -> dict[str, Any]:
        """Go on until nobody has waited for more than `calm` milliseconds for so many seconds, or patience ends."""
        deadline = time.monotonic() + patience
        while True:
            self.since = time.monotonic()
            time.sleep(seconds)
            logs = [each.log for each in self.running if isinstance(each, Visitor)]
            if time.monotonic() > deadline or all(each.longest_since(self.since) <= calm for each in logs):
                return {}

    def watch(self, session: int) -> dict[str, Any]:
        """Look at the locks of a session from here on."""
        with self.engine.connect() as connection:
            if not self.watching.blind(connection):
                self._add(Observer(self.engine, self.watching, session))
        return {}

    def block(self, tables: list[str], seconds: float) -> dict[str, Any]:
        """Put a transaction in the way."""
        self._add(Blocker(self.engine, tables, seconds))
        return {}

    def stop(self, begin: float, end: float) -> dict[str, Any]:
        """End everything; what was seen."""
        for each in self.running:
            each.ended.set()
        for each in self.running:
            each.join(END)
        running, self.running = self.running, []
        tables: dict[str, dict[str, Any]] = {}
        for each in running:
            if isinstance(each, Visitor) and not each.failure:
                tables.setdefault(each.errand.table, {})[each.errand.kind] = each.log.summary(
                    begin, end, self.since
                )
        observers = [each for each in running if isinstance(each, Observer)]
        return {
            "tables": tables,
            "locks": [lock for each in observers for lock in each.summary(begin)],
            "rows_locked": max((each.rows_locked for each in observers), default=0),
            "row_locks": sorted({lock for each in observers for lock in each.row_locks}),
            "failed": {_name(each): each.failure for each in running if each.failure},
        }

    def _add(self, stream: Stream) -> None:
        self.running.append(stream)
        stream.start()
        stream.ready.wait(PATIENCE)


def _name(stream: Stream) -> str:
    return (
        f"{stream.errand.kind} of {stream.errand.table}"
        if isinstance(stream, Visitor)
        else type(stream).__name__.lower()
    )


def main() -> None:
    """Until the parent closes its end, by will or because it is gone."""
    # The terminal sends it to all; the parent decides.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    streams = Streams()
    for line in sys.stdin:
        command = json.loads(line)
        try:
            answer = getattr(streams, command.pop("do"))(**command)
        except Exception as error:  # noqa: BLE001  (the parent raises it again, in its own words)
            answer = {"error": f"{type(error).__name__}: {' '.join(str(error).split())}"}
        print(json.dumps(answer), flush=True)
    # A thread may wait in a driver for as long as it likes.
    os._exit(0)


if __name__ == "__main__":
    main()
