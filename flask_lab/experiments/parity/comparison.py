"""What backends' schemas differ in, and since which revision; pure, on what each backend's worker recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_lab.experiments.parity.equivalences import limits_values, meanings
from flask_lab.experiments.parity.expressions import is_literal
from flask_lab.experiments.parity.portable import ABOUT, WHOLES, Part
from flask_lab.results import Severity

Change = Mapping[str, Any]
"""One revision's: {"revision", "new": parts by name, "gone": names}."""

# How much it matters that a part, or an attribute of one, is another.
KINDS = {"index": Severity.WARNING, "trigger": Severity.WARNING, "view": Severity.WARNING}
ATTRIBUTES = {"type": Severity.WARNING, "values": Severity.WARNING, "comment": Severity.NOTE}
PRESENCE = "presence"


@dataclass(frozen=True, slots=True)
class Parting:
    """One thing in which backends differ at the end, and the revision since which they do."""

    part: str
    kind: str
    attribute: str
    revision: str
    sides: Mapping[str, tuple[str, ...]]
    """The backends by what they say."""

    @property
    def severity(self) -> Severity:
        if self.attribute == PRESENCE:
            return KINDS.get(self.kind, Severity.ERROR)
        return ATTRIBUTES.get(self.attribute, Severity.ERROR)

    def __str__(self) -> str:
        told = [f"{said} on {', '.join(backends)}" for said, backends in self.sides.items()]
        if self.attribute == PRESENCE:
            return f"{self.part} is {', and '.join(told)}"
        return f"{self.part}: {self.attribute} is {', '.join(told)}"


@dataclass(slots=True)
class Comparison:
    """Follows all backends along the tree."""

    products: Mapping[str, str]
    """Of each backend."""
    parts: dict[str, dict[str, Part]] = field(default_factory=dict)
    parted: dict[tuple[str, str], Parting] = field(default_factory=dict)
    not_compared: dict[tuple[str, str], str] = field(default_factory=dict)

    def follow(self, changes: Mapping[str, Sequence[Change]]) -> None:
        """Take all revisions that every backend got to, in order."""
        self.parts = {backend: {} for backend in changes}
        for step in zip(*changes.values(), strict=False):
            touched: set[str] = set()
            for backend, change in zip(changes, step, strict=True):
                here = self.parts[backend]
                here.update(change["new"])
                for name in change["gone"]:
                    here.pop(name, None)
                touched.update(change["new"], change["gone"])
            # Also what differs already: a column may have come or gone that explains it.
            self._compare(step[0]["revision"], touched | {part for part, _ in self.parted})

    def _compare(self, revision: str, names: set[str]) -> None:
        for name in sorted(names):
            found = dict(self._differences(name))
            for attribute in {known for part, known in self.parted if part == name} - found.keys():
                del self.parted[name, attribute]
            for attribute, sides in found.items():
                known = self.parted.get((name, attribute))
                since = known.revision if known else revision
                kind = next(parts[name]["kind"] for parts in self.parts.values() if name in parts)
                self.parted[name, attribute] = Parting(name, kind, attribute, since, sides)

    def _differences(self, name: str) -> Iterator[tuple[str, dict[str, tuple[str, ...]]]]:
        there = {backend: parts[name] for backend, parts in self.parts.items() if name in parts}
        absent = tuple(backend for backend in self.parts if backend not in there)
        if absent and there and not self._is_explained(name, there, absent):
            yield PRESENCE, {"there": tuple(there), "not there": absent}
        if len(there) < 2:
            return
        for attribute in next(iter(there.values())):
            if attribute in ABOUT:
                continue
            says = {backend: part[attribute] for backend, part in there.items()}
            if sides := self._sides(name, attribute, says):
                yield attribute, sides

    def _is_explained(self, name: str, there: Mapping[str, Part], absent: Sequence[str]) -> bool:
        """Whether a part may be absent: made by the product itself, or told already by what it belongs to."""
        if all(part.get("automatic") for part in there.values()):
            return True
        return all(self._is_explained_on(backend, name, next(iter(there.values()))) for backend in absent)

    def _is_explained_on(self, backend: str, name: str, part: Part) -> bool:
        here, table = self.parts[backend], part["table"]
        if part["kind"] in WHOLES:
            return False
        if not any(f"{kind} {table}" in here for kind in WHOLES):
            return True
        if part["kind"] != "column" and any(f"column {table}.{column}" not in here for column in part["of"]):
            return True
        if part["kind"] == "index":
            # A unique constraint does an index's work.
            return f"unique {name.removeprefix('index ')}" in here
        if part.get("lists"):
            column = here[f"column {table}.{part['lists']}"]
            return limits_values(self.products[backend], column["type"])
        return False

    def _sides(self, name: str, attribute: str, says: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        """Backends by what they say of an attribute; empty where that comes to the same."""
        match attribute:
            case "type":
                return self._types(says)
            case "values":
                says = {backend: said for backend, said in says.items() if said is not None}
            case "comment":
                says = {backend: said for backend, said in says.items() if self.products[backend] != "sqlite"}
            case "numbered":
                # SQLite numbers every INTEGER PRIMARY KEY, asked for or not.
                says = {
                    backend: said
                    for backend, said in says.items()
                    if not (said and self.products[backend] == "sqlite")
                }
            case "conditions":
                return self._conditions(name, says)
            case "default" | "generated" | "where" | "on update":
                return self._expressions(name, attribute, says)
        return _grouped(says, _said)

    def _types(self, says: Mapping[str, str]) -> dict[str, tuple[str, ...]]:
        """Backends whose types may all mean one thing stand together, under what the surest of them says."""
        known = {backend: meanings(self.products[backend], said) for backend, said in says.items()}
        sides: list[tuple[frozenset[str], list[str]]] = []
        # What may mean several things, as a VARCHAR of SQLite an enumeration, goes with those that are sure.
        for backend in sorted(says, key=lambda each: len(known[each])):
            fitting = [place for place, (shared, _) in enumerate(sides) if shared & known[backend]]
            if not fitting:
                sides.append((known[backend], [backend]))
                continue
            spelling = says[backend].lower()
            place = max(fitting, key=lambda each: says[sides[each][1][0]].lower() == spelling)
            shared, backends = sides[place]
            sides[place] = shared & known[backend], [*backends, backend]
        if len(sides) < 2:
            return {}
        order = list(says)
        sides.sort(key=lambda side: min(map(order.index, side[1])))
        return {says[each[0]]: tuple(sorted(each, key=order.index)) for _, each in sides}

    def _expressions(self, name: str, attribute: str, says: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
        """Whether there is one is compared; two texts only where both are values."""
        if len({said is None for said in says.values()}) == 1 and len(set(says.values())) > 1:
            texts = [str(said) for said in says.values()]
            if not all(map(is_literal, texts)):
                self.not_compared[name, attribute] = (
                    f"{name}: {attribute}, which is an expression: {'; '.join(dict.fromkeys(texts))}"
                )
                return {}
        return _grouped(says, _said)

    def _conditions(self, name: str, says: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
        if len({len(said) for said in says.values()}) == 1:
            texts = dict.fromkeys("; ".join(said) for said in says.values())
            if len(texts) > 1:
                self.not_compared[name, "conditions"] = (
                    f"{name}: the conditions, which read {' or '.join(texts)}"
                )
            return {}
        return _grouped(says, lambda said: f"{len(said)} conditions")


def _grouped(says: Mapping[str, Any], tell: Callable[[Any], str]) -> dict[str, tuple[str, ...]]:
    """Backends by what they say; empty where all say the same."""
    sides: dict[str, list[str]] = {}
    for backend, said in says.items():
        sides.setdefault(tell(said), []).append(backend)
    return {said: tuple(backends) for said, backends in sides.items()} if len(sides) > 1 else {}


def _said(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "none"
    return str(value)
