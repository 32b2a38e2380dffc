"""How the time of a step grows with the rows, from what it took at several sizes; needs no database."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

NOISE = 0.15
"""What one and the same step may take more or less from one time to the next, as a part of it."""
SHARE = 0.02
"""Seconds over an empty database's from which on it is worth to look whether a step depends on rows."""
CHANCE = 0.005
"""Seconds that chance adds to any step, however short."""
FIXED = 0.5
"""How much of the shortest time may be what no rows cost."""
DEVIATIONS = 2.0


@dataclass(frozen=True, slots=True)
class Growth:
    """Seconds are `scale` times rows to the power of `exponent`, on top of what no rows cost."""

    exponent: float
    error: float
    """The standard error of the exponent."""
    noise: float
    """The standard deviation of one measurement, as a part of it."""
    rows: int
    """The largest size that was measured."""

    def times(self, rows: int) -> tuple[float, float, float]:
        """How many times what was measured at the largest size is to be expected: at least, likely, at most."""
        distance = math.log(rows / self.rows)
        spread = DEVIATIONS * math.hypot(self.noise, self.error * distance)
        likely = self.exponent * distance
        return math.exp(likely - spread), math.exp(likely), math.exp(likely + spread)


def depends(seconds: float, empty: float) -> bool:
    """Whether a step over rows took longer than over none, by more than chance."""
    return seconds - empty > max(SHARE, empty)


def grown(sizes: Sequence[tuple[int, float]], empty: float) -> Growth | None:
    """The growth over at least two sizes, each of rows and seconds; None where none is seen.

    A line through logarithms, in which a point counts the less the nearer it is to what chance adds. With so few
    points their own spread says little, so that it is never taken for less than NOISE.
    """
    # The empty one came first, and may have loaded what the others found loaded.
    empty = min(empty, FIXED * min(seconds for _, seconds in sizes))
    found = [(rows, seconds - empty) for rows, seconds in sizes if rows and seconds > empty]
    if len(found) < 2 or not depends(sizes[-1][1], empty):
        return None
    points = [
        (math.log(rows), math.log(seconds), math.hypot(NOISE, CHANCE / seconds) ** -2)
        for rows, seconds in found
    ]
    total = sum(weight for *_, weight in points)
    middle_x = sum(x * weight for x, _, weight in points) / total
    middle_y = sum(y * weight for _, y, weight in points) / total
    width = sum((x - middle_x) ** 2 * weight for x, _, weight in points)
    if not width:
        return None
    exponent = sum((x - middle_x) * (y - middle_y) * weight for x, y, weight in points) / width
    rest = sum((y - middle_y - exponent * (x - middle_x)) ** 2 * weight for x, y, weight in points)
    # How much farther the points are from the line than they should be.
    surplus = max(1.0, math.sqrt(rest / (len(points) - 2)) if len(points) > 2 else 1.0)
    error = surplus / math.sqrt(width)
    if exponent <= DEVIATIONS * error:
        return None
    return Growth(exponent, error, NOISE * surplus, max(rows for rows, _ in sizes))
