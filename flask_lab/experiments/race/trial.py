"""What is tried, in order: one process alone, an old release, several at once, a slow winner, and a killed one."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from alembic.runtime.migration import RevisionStep
from sqlalchemy import URL

from flask_lab.errors import LabError, MigrationFailed
from flask_lab.experiments.base import Stage
from flask_lab.experiments.race.racers import Heat, Racers, Track
from flask_lab.experiments.race.state import State, forget_version, read_state
from flask_lab.migrator import Stepper
from flask_lab.project import Bind

Facts = dict[str, Any]
ALONE_SECONDS = 600.0
LIMIT_SECONDS = 60.0
"""How long a race may take, beside what its upgrades take one after the other."""
JITTER_SECONDS = 0.005
QUIET = (0.5, 2.0)
"""At least and at most so many seconds without news, until the barrier opens for those who came."""
PARTS = 3
"""Before how many revisions a slow winner waits."""
NOTHING = "nothing"


class Unfit(LabError):
    """The tree is no subject for a race; says why."""


@dataclass(frozen=True, slots=True)
class Start:
    """A state to begin with, and what one process alone makes of it."""

    name: str
    like: Mapping[Bind, URL]
    alone: Track
    expected: State

    @property
    def limit(self) -> float:
        """For one process; several take as many times what one takes."""
        return self.alone.ended or 0.0

    @property
    def quiet(self) -> float:
        """How long to wait for those who have not come to the barrier: a multiple of what it takes one to come."""
        return min(max(QUIET[0], 5 * (self.alone.read or 0.0)), QUIET[1])


@dataclass(slots=True)
class Trial:
    """One tree on one server; what is seen goes to `facts`."""

    stage: Stage
    racers: Racers
    facts: Facts = field(default_factory=dict)

    @property
    def count(self) -> int:
        return self.stage.options.processes

    def run(self) -> None:
        """Try it all; Unfit when one process alone cannot upgrade."""
        self.facts |= {"processes": self.count, "rounds": [], "not_compared": list(self.stage.project.notes)}
        self.racers.start(self.count)
        first = self._start(NOTHING, {})
        unrecorded = self._unrecorded(first)
        left = {"versions": first.expected.facts(self.stage), "unrecorded": unrecorded}
        self.facts["alone"] = first.alone.facts() | left
        if unrecorded:
            # The others would repeat what they cannot know of.
            return
        with self._before_head() as like:
            starts = [first]
            if like:
                head = self.stage.project.tree.orders()[0][-1]
                starts.append(self._start(f"the revision before {head}", like))
            for start in starts:
                for number in range(self.stage.options.rounds):
                    self._add_round(start, number)
            self._try_winners(first, starts[-1])

    def _unrecorded(self, start: Start) -> list[str]:
        """The revisions that ran, and of which the version table knows nothing."""
        tree = self.stage.project.tree
        versions = {each for found in start.expected.versions.values() for each in found}
        known = versions.union(*map(tree.below, versions))
        return sorted({name for name, _, _ in start.alone.steps} - known)

    def _start(self, name: str, like: Mapping[Bind, URL]) -> Start:
        """Let one process upgrade alone; and then, on what it has made, an old release start."""
        with self.stage.databases(like):
            alone = self.racers.alone(ALONE_SECONDS)
            if alone.outcome != "succeeded":
                said = (alone.error or {}).get("message", f"the process {alone.outcome}")
                raise Unfit(f"the upgrade fails: see stairway ({said})")
            if not alone.steps:
                raise Unfit("env.py ran no revision")
            expected = read_state(self.stage, alone.tables)
            if not like and any(expected.versions.values()):
                self.facts["old release"] = self._start_old_release(expected, alone)
            return Start(name, like, alone, expected)

    def _start_old_release(self, newer: State, alone: Track) -> Facts:
        """What an upgrade does that does not know the database's version."""
        forget_version(self.stage, alone.tables)
        before = read_state(self.stage, alone.tables)
        old = self.racers.alone(ALONE_SECONDS)
        self.racers.start(self.count)
        after = read_state(self.stage, alone.tables)
        return old.facts() | {"changed": before.differences(self.stage, after)}

    def _add_round(self, start: Start, number: int) -> None:
        if any("stuck" in each["outcomes"] for each in self.facts["rounds"]):
            return
        chance = random.Random(f"{start.name} {number}")  # noqa: S311  (to be repeated, not to be secret)
        # At first all at the very same instant.
        delays = [chance.uniform(0.0, JITTER_SECONDS) if number else 0.0 for _ in range(self.count)]
        limit = LIMIT_SECONDS + self.count * start.limit
        self.facts["rounds"].append(self._race(start, Heat(delays, start.quiet, limit)))

    def _try_winners(self, first: Start, last: Start) -> None:
        """Hold the winner up, and kill it; nothing new is to be learnt so where processes fail anyway."""
        if any(is_wrong(each) for each in self.facts["rounds"]):
            why = {"skipped": "processes fail, or leave something else, without that"}
            self.facts |= {"slow": why, "killed": why}
            return
        seconds = self.stage.options.slow
        parts = min(PARTS, len(first.alone.steps))
        limit = LIMIT_SECONDS + self.count * first.limit + seconds
        delays = [0.0] * self.count
        slow = self._race(first, Heat(delays, first.quiet, limit, pauses=[seconds / parts] * parts))
        self.facts["slow"] = slow | {"held up": seconds}
        limit = LIMIT_SECONDS + (self.count + 1) * last.limit
        self.facts["killed"] = self._race(last, Heat(delays, last.quiet, limit, kills_winner=True))

    def _race(self, start: Start, heat: Heat) -> Facts:
        """Let all upgrade at once, from a start; who did what when, and what they left."""
        with self.stage.databases(start.like):
            tracks = self.racers.race(heat)
            facts: Facts = {
                "from": start.name,
                "outcomes": dict(Counter(each.outcome for each in tracks)),
                "processes": [each.facts() for each in tracks],
                "early": early(start.alone, tracks),
                "differs": [],
            }
            self.racers.start(self.count)
            if "stuck" in facts["outcomes"]:
                # Their sessions may hold the tables that one would look at.
                self._keep()
                return facts
            if heat.kills_winner:
                after = self.racers.alone(LIMIT_SECONDS + start.limit)
                facts["after"] = after.facts()
                self.racers.start(self.count)
                if after.outcome == "stuck":
                    self._keep()
                    return facts
            found = read_state(self.stage, start.alone.tables)
            facts["versions"] = found.facts(self.stage)
            expected = start.expected if found.rows == start.expected.rows else self._in_turn(start)
            facts["differs"] = expected.differences(self.stage, found)
            if is_wrong(facts):
                self._keep()
            return facts

    def _in_turn(self, start: Start) -> State:
        """What as many processes leave one after the other: an upgrade may write a row of its own each time."""
        with self.stage.databases(start.like):
            for _ in range(self.count):
                track = self.racers.alone(LIMIT_SECONDS + start.limit)
                self.racers.start(self.count)
                if track.outcome != "succeeded":
                    # What it left is nothing to hold others against.
                    return start.expected
            return read_state(self.stage, start.alone.tables)

    def _keep(self) -> None:
        """Keep the databases of what went wrong first, if that was asked for."""
        if "kept" not in self.facts:
            self.facts |= self.stage.kept()

    @contextmanager
    def _before_head(self) -> Iterator[Mapping[Bind, URL]]:
        """Databases in which all but the last revision is applied; none where there is only one, or no way there."""
        order = self.stage.project.tree.orders()[0][:-1]
        if not order:
            yield {}
            return

        def plan(stepper: Stepper) -> Iterator[RevisionStep]:
            yield from (stepper.move(each, "upgrade") for each in order)

        with self.stage.databases():
            try:
                self.stage.migrator.follow(plan)
            except MigrationFailed as failure:
                self.facts["not_compared"].append(f"a race from the revision before head: {failure.message}")
                yield {}
                return
            self.stage.project.let_go()
            yield dict(self.stage.project.urls)


def early(alone: Track, tracks: Sequence[Track]) -> list[int]:
    """The processes that said that they had succeeded when not all revisions were applied."""
    wanted = Counter(name for name, _, _ in alone.steps)
    found = []
    for each in tracks:
        if each.outcome == "succeeded" and each.ended is not None:
            done = Counter(
                name
                for other in tracks
                for name, _, ended in other.steps
                if ended is not None and ended <= each.ended
            )
            if wanted - done:
                found.append(each.process)
    return found


def is_wrong(race: Facts) -> bool:
    """Whether a process of a race failed, stuck, or said too early that it was done; or what they left is wrong."""
    bad = {"failed", "stuck", "died"}.intersection(race["outcomes"])
    after = race.get("after", {}).get("outcome", "succeeded")
    return bool(bad or race["early"] or race["differs"]) or after != "succeeded"
