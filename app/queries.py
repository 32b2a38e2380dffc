"""Reading rows: one by its key, or a page of many, at a cost that does not grow with the table."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import sqlalchemy as sa
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.orm.interfaces import ORMOption
from werkzeug.exceptions import NotFound

from .extensions import db
from .models import Model

Record = TypeVar("Record", bound=Model)

# Counting every row of a large table takes longer than the page it is counted for.
COUNT_LIMIT = 10_000
PAGE_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Page(Generic[Record]):
    """Some of the rows that match; `total` is how many do, up to `COUNT_LIMIT`."""

    items: list[Record]
    page: int
    page_size: int
    total: int
    total_is_exact: bool
    next_page: int | None

    @property
    def first(self) -> int:
        return (self.page - 1) * self.page_size + 1

    @property
    def last(self) -> int:
        return self.first + len(self.items) - 1


def find(model: type[Record], key: Any, *options: ORMOption) -> Record:
    """The row with that primary key, or 404."""
    record = db.session.get(model, key, options=options)
    if record is None:
        named = "/".join(str(part) for part in key) if isinstance(key, tuple) else key
        raise NotFound(f"There is no {model.__name__.lower()} {named}.")
    return record


def page_of(statement: sa.Select[Record], page: int, page_size: int) -> Page[Record]:
    """The rows of one page of `statement`, which is in a stable order."""
    offset = (page - 1) * page_size
    found = list(db.session.scalars(statement.limit(page_size + 1).offset(offset)))
    more = len(found) > page_size
    total = count(statement) if more or (not found and page > 1) else offset + len(found)
    return Page(
        items=found[:page_size],
        page=page,
        page_size=page_size,
        total=min(total, COUNT_LIMIT) if more else total,
        total_is_exact=total <= COUNT_LIMIT or not more,
        next_page=page + 1 if more else None,
    )


def count(statement: sa.Select[Any], limit: int = COUNT_LIMIT) -> int:
    """How many rows `statement` has; `limit` + 1 stands for more."""
    bounded = (
        statement.with_only_columns(sa.literal(1), maintain_column_froms=True)
        .order_by(None)
        .limit(limit + 1)
        .subquery()
    )
    return db.session.scalar(sa.select(sa.func.count()).select_from(bounded)) or 0


def containing(text: str, columns: Iterable[InstrumentedAttribute[Any]]) -> sa.ColumnElement[bool]:
    """Whether any of `columns` has `text` in it, in whatever case."""
    return sa.or_(*(sa.func.lower(column).contains(text.lower(), autoescape=True) for column in columns))


def ordered(statement: sa.Select[Record], model: type[Record], sort: str) -> sa.Select[Record]:
    """`statement` in the order of the column that `sort` names, downwards after a `-`, ties by key."""
    column = getattr(model, sort.removeprefix("-"))
    keys = [key for key in sa.inspect(model).primary_key if key is not column.expression]
    return statement.order_by(column.desc() if sort.startswith("-") else column, *keys)
