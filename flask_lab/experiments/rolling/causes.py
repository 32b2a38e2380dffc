"""Why statements of a release fail on another schema: what of it is gone, narrower or stricter."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy import Connection

from flask_lab.experiments.data.labels import Labels
from flask_lab.experiments.rolling.statements import LEAST, OWN, TWICE, Outcome, Script, Statement, attempt
from flask_lab.migrator import Step
from flask_lab.results import plain
from flask_lab.rows import Column, Renames, Shape
from flask_lab.rows.comparison import same
from flask_lab.rows.filling import is_duplicate, names
from flask_lab.rows.values import labels
from flask_lab.schema import Difference

Facts = dict[str, Any]
Unsaid = list[str]
Cause = tuple[str, str | None, str | None]
"""What it is called, the column, and what it is now."""
SHOWN = 200


@dataclass(frozen=True, slots=True)
class Change:
    """What a revision made of the tables."""

    step: Step
    before: Mapping[str, Shape]
    after: Mapping[str, Shape]
    renames: Renames
    differences: tuple[Difference, ...]

    def table(self, name: str) -> str | None:
        """What a table of before is called now; None when it is gone."""
        new = self.renames.table(name, self.after)
        return new if new in self.after else None

    def column(self, table: str, name: str) -> str | None:
        """What a column of before is called now; None when it is gone."""
        new = self.table(table)
        if new is None:
            return None
        found = self.renames.column(table, name, self.after[new].columns)
        return found if found in self.after[new].columns else None

    def told(self, table: str) -> list[str]:
        """The differences of a table, and those that are of no table."""
        about = (
            each
            for each in self.differences
            if (each.name.table or each.name.name) == table or not each.name.table
        )
        return list(map(str, about))


def breaks(
    connection: Connection, change: Change, script: Script, outcomes: Iterable[Outcome]
) -> tuple[list[Facts], Unsaid]:
    """What of the old release's statements on one table breaks on the schema of now, each cause once.

    And failures that nothing in the schema explains, which are no findings.
    """
    found = _Found(connection, change, script)
    for outcome in outcomes:
        if outcome.said:
            found.explain(outcome)
        else:
            found.look(outcome)
    found.look_at_labels()
    return list(found.causes.values()), found.unsaid


class _Found:
    """What is known of one table."""

    def __init__(self, connection: Connection, change: Change, script: Script) -> None:
        self.connection = connection
        self.change = change
        self.old = script.shape
        self.stored = {_key(each.statement): each.stored for each in script.outcomes}
        # By the same name: what is renamed is no column that the old release's statements reach.
        self.new = change.after.get(self.old.name)
        self.causes: dict[tuple[str, str | None], Facts] = {}
        self.unsaid: Unsaid = []

    def explain(self, outcome: Outcome) -> None:
        """Find the cause of a failure."""
        if self.new is None:
            renamed = self.change.table(self.old.name)
            self._add("table renamed" if renamed else "table gone", None, outcome, new=renamed)
            return
        missing = [name for name in outcome.statement.columns if name not in self.new.columns]
        for name in missing:
            renamed = self.change.column(self.old.name, name)
            self._add("column renamed" if renamed else "column gone", name, outcome, new=renamed)
        if not missing:
            self._explain_refusal(self.new, outcome)
        elif outcome.statement.verb == "INSERT" and outcome.statement.what == OWN:
            # There may be more in its way.
            called = {name: self.change.column(self.old.name, name) for name in missing}
            rest = attempt(self.connection, outcome.statement.with_names(called))
            if rest.said:
                self._explain_refusal(self.new, rest)

    def _explain_refusal(self, new: Shape, outcome: Outcome) -> None:
        """Find the cause of a failure of a statement whose columns are all there."""
        numbers = [name for name in outcome.statement.values if self._is_numbered(new, name)]
        if numbers and outcome.statement.verb == "INSERT":
            # An app leaves to the server what the server numbers.
            outcome = attempt(self.connection, outcome.statement.with_names(dict.fromkeys(numbers)))
            if not outcome.said:
                return
        for find in (self._doubles, self._orphans, self._left_out, self._narrowed, self._checked):
            if causes := list(find(new, outcome)):
                for cause, column, detail in causes:
                    self._add(cause, column, outcome, new=detail)
                return
        # A row that is in the way, or one that is missing, is not the schema's doing.
        is_rows = is_duplicate(outcome.said) or "foreign key" in outcome.said.lower()
        if not is_rows and (told := self.change.told(self.old.name)):
            self._add("other", None, outcome, new="; ".join(told[:3]))
            return
        verb, said = outcome.statement.verb, outcome.said
        self.unsaid.append(f"{verb} on {self.old.name} fails, and nothing in the schema says why: {said}")

    def _is_numbered(self, new: Shape, name: str) -> bool:
        column = new.columns[name]
        return column.generated and column.numbered and self.old.columns[name].numbered

    def _doubles(self, new: Shape, outcome: Outcome) -> Iterator[Cause]:
        """A new constraint that wants values to be unique."""
        more = _more(new.uniques, self.old.uniques) if is_duplicate(outcome.said) else []
        if more:
            unique = next((each for each in more if all(names(outcome.said, name) for name in each)), more[0])
            yield "unique", ", ".join(unique), None

    def _orphans(self, new: Shape, outcome: Outcome) -> Iterator[Cause]:
        """A new foreign key."""
        more = _more(new.references, self.old.references) if "foreign key" in outcome.said.lower() else []
        if more:
            key = next((each for each in more if set(each.columns) & set(outcome.statement.values)), more[0])
            yield "reference", ", ".join(key.columns), key.parent

    def _left_out(self, new: Shape, outcome: Outcome) -> Iterator[Cause]:
        """Columns that an INSERT does not name, and the server cannot fill any more."""
        left = [
            column
            for column in new.written
            if outcome.statement.verb == "INSERT"
            and column.name not in outcome.statement.values
            and not column.numbered
            and column.default is None
        ]
        # A server names the first that it meets. On MySQL, one that has lost its default takes NULL, but not nothing.
        named = [column for column in left if names(outcome.said, column.name)]
        for column in [each for each in left if each in named or not each.nullable] if named else ():
            old = self.old.columns.get(column.name)
            if old is None:
                yield "required", column.name, None
            elif old.default is not None:
                yield "default", column.name, old.default
            elif old.nullable:
                yield "null", column.name, None

    def _narrowed(self, new: Shape, outcome: Outcome) -> Iterator[Cause]:
        """A column that takes less than it did."""
        statement = outcome.statement
        changed = [name for name in statement.values if _differs(self.old.columns[name], new.columns[name])]
        named = [name for name in changed if names(outcome.said, name)] or changed
        if len(named) == 1 or (named and statement.verb == "UPDATE"):
            kind = self._kind(new, named[0], statement)
            checks = _more(new.checks, self.old.checks) if kind == "check" else []
            yield kind, named[0], "; ".join(checks) or None

    def _checked(self, new: Shape, outcome: Outcome) -> Iterator[Cause]:
        """A new CHECK."""
        is_other = is_duplicate(outcome.said) or "foreign key" in outcome.said.lower()
        more = [] if is_other else _more(new.checks, self.old.checks)
        if more and re.search("check|constraint", outcome.said, re.IGNORECASE):
            values = outcome.statement.values
            yield "check", next(iter(values)) if len(values) == 1 else None, "; ".join(more)

    def _kind(self, new: Shape, name: str, statement: Statement) -> str:
        old, now = self.old.columns[name], new.columns[name]
        if now.generated and not old.generated:
            return "generated"
        if statement.values[name] is None and old.nullable and not now.nullable:
            return "null"
        gone = [each for each in labels(old) if each not in labels(now)]
        if labels(now) and (gone or not labels(old)):
            return "label"
        return "check" if str(old.type) == str(now.type) else "type"

    def look(self, outcome: Outcome) -> None:
        """Find what a statement wrote otherwise than it did on the old schema."""
        before = self.stored.get(_key(outcome.statement))
        if before is None or outcome.stored is None or self.new is None:
            return
        # A trigger that came with the revision means to.
        names_of = {(each.name.kind, each.name.table) for each in self.change.differences}
        rewrites = bool(names_of & {("trigger", self.old.name), ("function", "")})
        for name, value in outcome.stored.items() if not rewrites else ():
            if name in outcome.statement.values and not same(before[name], value):
                self._add("value", name, outcome, new=f"{plain(value)!r}, and {plain(before[name])!r} before")
        if outcome.statement.what == LEAST:
            self._look_at_defaults(self.new, outcome)

    def _look_at_defaults(self, new: Shape, outcome: Outcome) -> None:
        """Find defaults on which an INSERT leans, and that are gone."""
        for name, column in self.old.columns.items():
            left_out = name not in outcome.statement.values and not column.generated and not column.numbered
            now = new.columns.get(name)
            if (
                left_out
                and column.default is not None
                and now is not None
                and now.nullable
                and now.default is None
            ):
                is_null = str(column.default).upper().startswith("NULL")
                if not is_null and not now.generated:
                    self._add("default", name, outcome, new=column.default)

    def look_at_labels(self) -> None:
        """Find labels that the old release may write, and the new one does not know; whatever the server takes."""
        for name, column in self.old.columns.items():
            now = self.new.columns.get(name) if self.new else None
            if now is None or not labels(column) or not labels(now) or ("label", name) in self.causes:
                continue
            if gone := [each for each in labels(column) if each not in labels(now)]:
                value = Statement(
                    self.old.name,
                    "UPDATE",
                    (name, *self.old.key),
                    {name: gone[0]},
                    dict.fromkeys(self.old.key),
                )
                said = f"the server takes {gone[0]!r}, and the new release's enumeration does not know it"
                self._add("label", name, Outcome(value, said))

    def _add(self, cause: str, column: str | None, outcome: Outcome, *, new: str | None = None) -> None:
        statement = outcome.statement
        fact = self.causes.setdefault(
            (cause, column),
            {
                "table": self.old.name,
                "column": column,
                "cause": cause,
                "new": new,
                "verbs": [],
                "says": outcome.said or f"{statement.verb} stores {new}",
                "statement": outcome.sql(self.connection),
                "writes": _written(statement, column),
                "was": _word(self.old.columns.get(column or "")),
                "is": _word(self.new.columns.get(column or "") if self.new else None),
            },
        )
        if statement.verb not in fact["verbs"]:
            fact["verbs"].append(statement.verb)


def unknown_labels(change: Change, declared: Labels) -> Iterator[Facts]:
    """Labels that the new release may write, of an enumeration that the old one declares without them."""
    for table, shape in change.before.items():
        new = change.table(table)
        for name, column in shape.columns.items() if new else ():
            place = change.column(table, name)
            if new is None or place is None:
                continue
            now = change.after[new].columns[place]
            is_enumeration = isinstance(column.type, sa.Enum) or declared.declares(new, place)
            more = [each for each in labels(now) if each not in labels(column)]
            if is_enumeration and labels(column) and more:
                yield {"table": table, "column": name, "cause": "new label", "labels": more}


def _key(statement: Statement) -> tuple[str, tuple[str, ...], str, str]:
    return statement.verb, statement.columns, statement.what, repr(sorted(statement.values.items()))


def _more(now: Iterable[Any], before: Iterable[Any]) -> list[Any]:
    known = list(before)
    return [each for each in now if each not in known]


def _differs(old: Column, new: Column) -> bool:
    """Whether a column takes less than it did, as far as it shows."""
    is_stricter = old.nullable and not new.nullable
    return (
        is_stricter
        or str(old.type) != str(new.type)
        or old.bounds != new.bounds
        or labels(old) != labels(new)
    )


def _written(statement: Statement, column: str | None) -> str:
    """What the statement writes, where that is to the point."""
    if statement.what == TWICE:
        return "a value that another row has"
    if column not in statement.values or statement.verb == "SELECT":
        return ""
    value = statement.values[column]
    text = "NULL" if value is None else repr(plain(value))
    return text if len(text) <= SHOWN // 4 else f"{text[: SHOWN // 4]}… ({len(str(value))} characters)"


def _word(column: Column | None) -> str:
    if column is None:
        return ""
    said = [str(column.type) if not isinstance(column.type, sa.types.NullType) else "of an unknown type"]
    listed = labels(column)
    if listed:
        said = [f"one of {', '.join(listed)}"]
    return " ".join([*said, *(() if column.nullable else ("NOT NULL",))])
