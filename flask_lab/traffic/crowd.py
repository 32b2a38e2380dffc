"""The parent's end of the process in which readers and writers run."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from sqlalchemy import URL

from flask_lab.errors import LabError

ROOT = Path(__file__).resolve().parents[2]
# The lab may be on nobody's path but its own process's.
START = "import sys; sys.path.insert(0, sys.argv[1]); from flask_lab.traffic.__main__ import main; main()"
GOODBYE_SECONDS = 20.0


class Crowd:
    """Readers and writers on demand; their process ends with the context, or when this one is gone."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            # -P: the folder of the project may hold a module that is called as one of Python's own.
            [sys.executable, "-B", "-P", "-c", START, str(ROOT)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    @property
    def pid(self) -> int:
        """Of the process."""
        return self._process.pid

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        for pipe in filter(None, (self._process.stdin, self._process.stdout)):
            pipe.close()
        try:
            self._process.wait(GOODBYE_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def start(self, product: str, url: URL, tables: list[str], rate: float) -> str:
        """Begin to read and write; why locks cannot be seen on the server, else empty."""
        given = url.render_as_string(hide_password=False)
        return str(self._ask(do="start", product=product, url=given, tables=tables, rate=rate)["blind"])

    def settle(self, seconds: float, calm: float, patience: float) -> None:
        """Let them go on until for so many seconds none has waited for more than `calm` milliseconds."""
        self._ask(do="settle", seconds=seconds, calm=calm, patience=patience)

    def watch(self, session: int) -> None:
        """Look at a session's locks from here on."""
        self._ask(do="watch", session=session)

    def block(self, tables: list[str], seconds: float) -> None:
        """Put a transaction in the way that has read the tables."""
        self._ask(do="block", tables=tables, seconds=seconds)

    def stop(self, begin: float, end: float) -> dict[str, Any]:
        """End all of it; what was seen in a span of time.monotonic()."""
        return self._ask(do="stop", begin=begin, end=end)

    def _ask(self, **command: Any) -> dict[str, Any]:
        process = self._process
        if process.stdin is None or process.stdout is None:
            raise LabError("the process that makes traffic has no pipes")
        try:
            process.stdin.write(json.dumps(command) + "\n")
            process.stdin.flush()
            line = process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise LabError(f"the process that makes traffic ended with {process.wait(GOODBYE_SECONDS)}")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise LabError(f"no traffic could be made: {answer['error']}")
        return answer
