"""What the lab may cost, and whether what was measured keeps to it. Knows nothing of how it was measured."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from statistics import median

LAB, RAW, ALEMBIC, MRT = "stairway", "raw SQL", "pytest-alembic", "pytest-mrt"


@dataclass(frozen=True, slots=True)
class Timing:
    """How long something took, each time that it ran."""

    seconds: tuple[float, ...]
    steps: int = 0
    """Across a revision, up or down; 0 where nobody counts them."""
    stopped: bool = False
    """Whether it was ended before it was through, so that it takes longer than this."""

    @property
    def median(self) -> float:
        return median(self.seconds)

    @property
    def told(self) -> str:
        """The median in words, with the range where it ran more than once."""
        if self.stopped:
            return f"over {self.median:.0f}"
        low, high = min(self.seconds), max(self.seconds)
        return f"{self.median:.2f}" + (f" ({low:.2f} to {high:.2f})" if len(self.seconds) > 1 else "")


@dataclass(frozen=True, slots=True)
class Limit:
    """The lab takes at most `most` times what `other` takes, per step or as a whole."""

    other: str
    most: float
    backends: tuple[str, ...]
    per_step: bool = False


# As the project promises them.
LIMITS = (
    Limit(ALEMBIC, 0.25, ("sqlite", "postgres")),
    Limit(ALEMBIC, 1.0, ("mysql",)),
    Limit(MRT, 1.0, ("sqlite", "postgres")),
    Limit(RAW, 2.5, ("postgres", "mariadb"), per_step=True),
    Limit(RAW, 1.3, ("mysql",), per_step=True),
)
GROWTH = 1.2
"""How much more a revision of the largest tree may take than one of the smallest."""


@dataclass(frozen=True, slots=True)
class Line:
    """One measured thing beside the lab, in one tree on one backend."""

    backend: str
    revisions: str
    what: str
    told: str
    ratio: float | None = None
    """What the lab takes, in parts of this."""
    most: float | None = None

    at_most: bool = False
    """Whether the other was ended early, so that the ratio may be less."""

    @property
    def held(self) -> bool | None:
        """Whether the limit is kept; None where there is none, or where the other was ended too early to tell."""
        if self.most is None or self.ratio is None:
            return None
        held = self.ratio <= self.most
        return None if self.at_most and not held else held


def compare(backend: str, revisions: int, timings: Mapping[str, Timing]) -> Iterator[Line]:
    """A line for each thing that was measured, the lab's own first."""
    lab = timings[LAB]
    yield Line(backend, str(revisions), LAB, lab.told)
    for other in (each for each in timings if each != LAB):
        limit = next(
            (each for each in LIMITS if each.other == other and _product(backend) in each.backends), None
        )
        timing = timings[other]
        ratio = lab.median / timing.median
        if other == RAW:
            ratio *= timing.steps / lab.steps
        most = limit.most if limit else None
        yield Line(backend, str(revisions), other, timing.told, ratio, most, at_most=timing.stopped)


def growth(backend: str, what: str, sizes: Mapping[int, Timing]) -> Line:
    """How a whole command grows from the smallest tree to the largest."""
    small, large = min(sizes), max(sizes)
    ratio = sizes[large].median / sizes[small].median
    told = f"{sizes[small].median:.1f}, {sizes[large].median:.1f}"
    return Line(backend, f"{small}, {large}", what, told, ratio, GROWTH * large / small)


def _product(backend: str) -> str:
    return backend.partition(":")[0]
