"""What a person may set for the experiments, beside the tree and the backends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

ROWS = 100_000
BUDGET = 1000.0


@dataclass(frozen=True, slots=True)
class Options:
    """One field for each; every experiment takes what is for it, and its facts say what it took."""

    budget: Mapping[str, Any] = field(default_factory=dict)
    """How many milliseconds traffic may wait, its `reads` and its `writes`; by product where it differs."""
    rows: int = ROWS
    """How many rows a table has under traffic."""
    forecast: int | None = None
    """For how many rows traffic says what is to be expected."""
    blocker: float = 0.0
    """For how many seconds a transaction is in the way of each revision under traffic."""
    processes: int = 4
    """How many upgrade the same database at once."""
    rounds: int = 3
    """How often they do, from each state that they begin with."""
    slow: float = 6.0
    """How many seconds the one that migrates is held up while the others wait."""

    old_ref: str = ""
    """A git ref whose models are the previous release's, at the head."""

    def repeated(self, experiment: str) -> Iterator[str]:
        """The options of a command that sets them again for `experiment`; the budget is a setting of the project."""
        if experiment == "race":
            usual = Options()
            for name in ("processes", "rounds", "slow"):
                if (value := getattr(self, name)) != getattr(usual, name):
                    yield f"--{name} {value:g}"
        if experiment == "rolling" and self.old_ref:
            yield f"--old-ref {self.old_ref}"
        if experiment == "traffic":
            if self.rows != ROWS:
                yield f"--rows {self.rows}"
            if self.forecast is not None:
                yield f"--forecast {self.forecast}"
            if self.blocker:
                yield f"--blocker {self.blocker:g}"

    def budget_of(self, product: str) -> dict[str, float]:
        """How many milliseconds reads and writes may wait on a product."""
        own = self.budget.get(product, {})
        return {kind: own.get(kind, self.budget.get(kind, BUDGET)) for kind in ("reads", "writes")}
