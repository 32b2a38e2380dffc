"""What is broken, in words: a fault for each cause that the facts name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from flask_lab.experiments.base import Fault
from flask_lab.results import Severity

_OLD = {
    "table gone": "the table {table} is gone: {verbs} of the old release fail",
    "table renamed": "the table {table} is called {new} now: {verbs} of the old release fail",
    "column gone": "{place} is gone: {verbs} of the old release fail",
    "column renamed": "{place} is called {new} now: {verbs} of the old release fail",
    "required": "{place} is NOT NULL without a default, and the INSERT of the old release does not name it",
    "null": "{place} takes no NULL any more, which the old release may write",
    "unique": "{place} is unique now, and the old release may write a value twice",
    "reference": "{place} refers to {new} now, and the old release may write what is not there",
    "label": "{place} is {is} now, was {was}: the old release may write what is gone",
    "check": "{place} is held by a CHECK now, {new}, and the old release may write what it refuses",
    "type": "{place} is {is} now, was {was}: the old release may write what it refuses",
    "generated": "{place} is computed by the server now, and the old release writes it",
    "value": "{place} stores what the old release writes as another value: {new}",
    "default": "{place} has lost its default, {new}, on which the INSERT of the old release leans",
    "unreadable": "{table}: the models of the old release cannot read what the new one writes: {says}",
    "other": "{table}: {verbs} of the old release fail: {says}",
}


def old_breaks(facts: Mapping[str, Any]) -> Iterator[Fault]:
    """What the old release cannot do on the new schema."""
    release = f" (the models at {facts['old_ref']})" if "old_ref" in facts else ""
    for each in facts.get("old_on_new", ()):
        yield Fault("old-code-breaks", _message(each) + release, each)


def _message(each: Mapping[str, Any]) -> str:
    column = each["column"]
    place = f"{each['table']}.{column}" if column else each["table"]
    verbs = each["verbs"]
    joined = ", ".join(verbs[:-1]) + f" and {verbs[-1]}" if len(verbs) > 1 else verbs[0]
    told = _OLD[each["cause"]].format_map({**each, "place": place, "verbs": joined})
    return told if len(verbs) > 1 else told.replace("of the old release fail", "of the old release fails")


_NEW = {
    "lost": "{table}: a row that the new release wrote is gone after the downgrade",
    "unreadable": "{table}: the old release cannot read a row that the new one wrote, after the downgrade: {says}",
    "changed": "{table}.{column}: what the new release wrote is another value for the old one after the downgrade: "
    "{says}",
    "still required": "{table}.{column} goes while the old schema requires it: the old release fails after the "
    "revision, and the INSERT of the new one before it: {says}",
    "new label": "{table}.{column}: the new release may write {listed}, which the old one's enumeration does not know",
}


def new_breaks(facts: Mapping[str, Any]) -> Iterator[Fault]:
    """What the old release cannot do with the rows of the new one, and where neither can be first."""
    for each in (*facts.get("back", ()), *facts.get("neither_order", ()), *facts.get("new_labels", ())):
        listed = " and ".join(map(repr, each.get("labels", ())))
        told = _NEW[each["cause"]].format_map({**each, "listed": listed})
        # Adding a label is no fault; only the order of the releases matters.
        severity = Severity.NOTE if each["cause"] == "new label" else None
        yield Fault("new-code-breaks", told, each, severity)
