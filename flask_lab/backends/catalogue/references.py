"""REFERENCES, which SQLite and PostgreSQL write alike."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask_lab.backends.catalogue.sqltext import Reader, canonical, split

if TYPE_CHECKING:
    from flask_lab.backends.catalogue import Value

NO_ACTION = "NO ACTION"


def read_references(reader: Reader) -> dict[str, Value]:
    """Where a foreign key points and what it does, from the name of its table on."""
    table = reader.path()
    target = tuple(column[-1].name for column in split(reader.group())) if reader.sees_group() else ()
    found: dict[str, Value] = {
        "table": ".".join(table),
        "target": target,
        "on update": NO_ACTION,
        "on delete": NO_ACTION,
        "deferrable": False,
        "initially deferred": False,
    }
    while reader:
        if reader.accept("MATCH"):
            found["match"] = reader.take().text.upper()
        elif reader.sees("ON", "DELETE") or reader.sees("ON", "UPDATE"):
            reader.take()
            event = reader.take().text.lower()
            found[f"on {event}"] = _action(reader)
        elif not _read_deferrable(reader, found):
            break
    return found


def _action(reader: Reader) -> str:
    words = [reader.take().text.upper()]
    if words[0] in {"NO", "SET"}:
        words.append(reader.take().text.upper())
    columns = f" ({canonical(reader.group())})" if reader.sees_group() else ""
    return " ".join(words) + columns


def _read_deferrable(reader: Reader, found: dict[str, Value]) -> bool:
    """Whether that came next, and was noted."""
    if reader.accept("NOT", "DEFERRABLE"):
        found["deferrable"] = False
    elif reader.accept("DEFERRABLE"):
        found["deferrable"] = True
    elif reader.accept("INITIALLY"):
        found["initially deferred"] = reader.take().is_word("DEFERRED")
    else:
        return False
    return True
