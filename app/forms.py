"""The pages' forms: what was typed, what it means by the schemas' rules, and what is wrong with it, field by field."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import marshmallow as ma
from flask import request
from marshmallow import fields

from . import rules
from .errors import Taken
from .models import Role, Status
from .schemas import Money, Ruled, day, line, prose


class PersonForm(ma.Schema):
    username = Ruled(rules.username, 64, required=True)
    email = Ruled(rules.email, 254, required=True)
    is_active = fields.Boolean(load_default=False)
    bio = prose(load_default=None)


class TeamForm(ma.Schema):
    name = line(80, required=True)


class MemberForm(ma.Schema):
    username = Ruled(rules.username, 64, required=True)
    role = fields.Enum(Role, by_value=True, load_default=Role.MEMBER)


class ProjectForm(ma.Schema):
    name = line(120, required=True)
    status = fields.Enum(Status, by_value=True, load_default=Status.PLANNED)
    budget = Money(load_default=rules.money("0"))
    starts_on = day(load_default=None)


class TaskForm(ma.Schema):
    title = line(200, required=True)
    notes = prose(load_default=None)
    assignee = Ruled(rules.username, 64, load_default=None)
    due_on = day(load_default=None)
    tags = fields.List(
        Ruled(rules.tag, 40),
        load_default=list,
        validate=ma.validate.Length(max=20, error="takes 20 tags at most"),
    )
    done = fields.Boolean(load_default=False)


@dataclass(slots=True)
class Form:
    """A form on its way between a person and the database: `data` is what it means, or None when it is not valid."""

    typed: Mapping[str, Any] = field(default_factory=dict)
    data: dict[str, Any] | None = None
    errors: dict[str, list[str]] = field(default_factory=dict)
    status: int = 200

    @classmethod
    def of(cls, schema: ma.Schema, typed: Mapping[str, Any] | None = None) -> Form:
        """What was just sent; on GET an empty form, or one filled with `typed`."""
        if request.method != "POST":
            return cls(typed or {})
        sent = {name: request.form[name] for name in schema.fields if name in request.form}
        try:
            return cls(sent, data=schema.load(_meant(schema, sent)))
        except ma.ValidationError as error:
            return cls(
                sent, errors={name: _flat(said) for name, said in error.messages_dict.items()}, status=400
            )

    def refuse(self, name: str, reason: str, status: int = 400) -> None:
        """Add a reason to one field."""
        self.errors.setdefault(name, []).append(reason)
        self.status = status

    @contextmanager
    def refusals(self, **renamed: str) -> Iterator[None]:
        """Show what the database refuses beside the fields; `renamed` maps columns to fields called otherwise."""
        try:
            yield
        except Taken as error:
            for column, reasons in (error.errors or {"": [error.description or ""]}).items():
                for reason in reasons:
                    self.refuse(renamed.get(column, column), reason, error.code)


def _meant(schema: ma.Schema, sent: Mapping[str, str]) -> dict[str, Any]:
    """Forms send an empty text for nothing, and lists as one text with commas."""
    meant: dict[str, Any] = {}
    for name, text in sent.items():
        kind = schema.fields[name]
        if isinstance(kind, fields.List):
            meant[name] = [part for part in text.split(",") if part.strip()]
        elif text.strip() or kind.required:
            meant[name] = text
    return meant


def _flat(said: Any) -> list[str]:
    """Messages without the positions in a list: the form has one field for the list."""
    if isinstance(said, Mapping):
        return [message for inner in said.values() for message in _flat(inner)]
    return [str(message) for message in said]
