"""How values read on a page: numbers, dates, money, and the links that a list's paging needs."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import marshmallow as ma
from flask import Flask, request, url_for
from werkzeug.exceptions import NotFound

from ... import queries
from ...models import AuditEvent

PAGE_SIZE = 25
PRODUCTS = {"sqlite": "SQLite", "postgres": "PostgreSQL", "mysql": "MySQL", "mariadb": "MariaDB"}
PLACES = {
    "user": ("people.person", "user_id"),
    "team": ("teams.team", "team_id"),
    "project": ("projects.project", "project_id"),
    "task": ("tasks.edit", "task_id"),
}


def init_app(app: Flask) -> None:
    """Give the templates these filters."""
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    app.add_template_filter(product)
    app.add_template_filter(number)
    app.add_template_filter(day)
    app.add_template_filter(moment)
    app.add_template_filter(money)
    app.add_template_filter(overdue)
    app.add_template_global(at_page)
    app.add_template_global(place_of)


def requested_page() -> int:
    """The page number in the query string; what is no number there is nowhere."""
    given = request.args.get("page", "1")
    if (
        not given.isascii()
        or not given.isdigit()
        or len(given) > 7
        or not 1 <= int(given) <= queries.PAGE_MAX
    ):
        raise NotFound("There is no such page.")
    return int(given)


def sought() -> str:
    """The search text in the query string, without what no database could hold."""
    return request.args.get("q", "").replace("\x00", "").strip()[:200]


def page_of(statement: Any) -> queries.Page[Any]:
    """The requested page of `statement`; 404 behind the last one."""
    page = queries.page_of(statement, requested_page(), PAGE_SIZE)
    if page.page > 1 and not page.items:
        raise NotFound("There is no such page: the list ends before it.")
    return page


def product(name: str) -> str:
    """A database product as its makers write it."""
    return PRODUCTS[name]


def number(value: int) -> str:
    """1234 as 1,234."""
    return f"{value:,}"


def day(value: date | None) -> str:
    """A date, or a dash."""
    return "\N{EN DASH}" if value is None else value.isoformat()


def moment(value: datetime) -> str:
    """A time in UTC to the minute."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


def money(value: Decimal) -> str:
    """An amount with its thousands apart."""
    return f"{value:,.2f}"


def overdue(value: date | None) -> bool:
    """Whether that day is over."""
    return value is not None and value < datetime.now(UTC).date()


def at_page(number: int) -> str:
    """This same address at another page."""
    arguments: dict[str, Any] = {**(request.view_args or {}), **request.args.to_dict(), "page": number}
    return url_for(request.endpoint or "home.show", **arguments)


def place_of(event: AuditEvent) -> str | None:
    """The page about what an event is about; None for what is gone or has no page."""
    if event.subject_type not in PLACES or event.action == "deleted":
        return None
    endpoint, name = PLACES[event.subject_type]
    arguments: dict[str, Any] = {name: event.subject_id}
    return url_for(endpoint, **arguments)


def choice(schema: ma.Schema, name: str) -> Any:
    """A filter in the query string; what is none of its values is not filtered by."""
    try:
        return schema.fields[name].deserialize(request.args[name])
    except (KeyError, ma.ValidationError):
        return None
