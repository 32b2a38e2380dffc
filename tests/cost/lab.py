"""The lab on the tree in the current folder, in a worker process as always.

    python -m tests.cost.lab BACKEND EXPERIMENT

Prints how long the experiment took, from its start to its end; its steps, where it is `stairway`; and what went wrong.
"""

from __future__ import annotations

import json
import sys
import time

from flask_lab.results import Verdict
from flask_lab.runner import Request, run
from flask_lab.worker import Message


class Clock:
    """Notes when an experiment starts, and when all is done."""

    def __init__(self) -> None:
        self.at: dict[str, float] = {}

    def heard(self, _backend: str, message: Message) -> None:
        if message[0] in {"started", "done"}:
            self.at[message[0]] = time.perf_counter()


def main() -> None:
    backend, experiment = sys.argv[1:]
    clock = Clock()
    seen = run(Request("linear", (backend,), (experiment,)), clock)
    wrong = "" if seen.verdict is Verdict.PASSED else f"{seen.verdict}: {seen.backends[0].reason}"
    seconds = clock.at["done"] - clock.at.get("started", clock.at["done"])
    # Up, down and up again across each, then all up and all down.
    steps = 5 * len(seen.project.revisions)
    print(json.dumps({"seconds": seconds, "steps": steps, "wrong": wrong}))


if __name__ == "__main__":
    main()
